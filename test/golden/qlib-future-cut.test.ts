import { beforeAll, expect, test } from "vitest";
import { readQlibPanel } from "../../src/data/sources/qlib-bin/panel.ts";
import { factorSet } from "../../src/factors/catalogue.ts";
import { computeFactors } from "../../src/factors/compute.ts";
import { panelOf, type Panel } from "../../src/panel/panel.ts";
import { holding, withArchive } from "./qlib-golden.ts";

/** Suspensions, delistings, constant stretches, infinities: nothing of what comes after a day may change the day. */
const CUTS = 50;
let panel: Panel<"market">;

beforeAll(async () => {
  panel = await withArchive("qlib-bin-store.tar.gz", (folder) => {
    const all = readQlibPanel(holding(folder, "calendars"));
    const some = all.instruments.filter((_, lane) => lane % 6 === 0);
    return readQlibPanel(holding(folder, "calendars"), { instruments: some });
  });
});

test(`no Alpha158 value changes when the future is cut off at ${CUTS} dates`, () => {
  const whole = computeFactors(factorSet("alpha158"), panel, { precision: "f64" }).panel;
  const rows = panel.time.days.length;
  const lanes = panel.instruments.length;
  const changed: string[] = [];
  let compared = 0;
  for (let index = 0; index < CUTS; index++) {
    // The golden ratio spreads the dates over the whole span, the first and last days included.
    const cut = 1 + Math.floor(((index * 0.618_033_988_75) % 1) * (rows - 1));
    const past = panelOf({
      ...panel,
      time: { freq: "day", days: panel.time.days.slice(0, cut) },
      last: panel.last.map((row) => Math.min(row, cut - 1)),
      columns: [...panel.columns.values()].map((column) => ({
        ...column,
        values: column.values.slice(0, cut * lanes),
      })),
    });
    for (const [name, { values }] of computeFactors(factorSet("alpha158"), past, { precision: "f64" }).panel
      .columns) {
      const expected = whole.columns.get(name)!.values;
      compared += values.length;
      if (values.some((value, at) => !Object.is(value, expected[at])))
        changed.push(`${name} cut at row ${cut}`);
    }
  }
  expect(compared).toBeGreaterThan(1_000_000);
  expect(changed).toEqual([]);
});
