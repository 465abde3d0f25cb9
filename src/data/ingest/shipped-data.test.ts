/** The shipped files through detection and import into a store on disk, and read back from it. */
import { mkdtempSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import type { BarRequest } from "#data/source";
import { openBarSource } from "#data/sources/open-source";
import { openStore } from "#data/store/open-store";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { dayOf } from "#market/day";
import type { Panel } from "#panel/panel";
import { seriesOf } from "#panel/panel";
import { importBars } from "./import-bars.ts";

const fixtures = path.join(import.meta.dirname, "..", "..", "..", "fixtures");

async function imported(
  locator: string,
  calendar: string,
  requests: readonly BarRequest[],
): Promise<Panel<"market">> {
  const sessions = calendarNamed(calendar);
  const store = openStore(
    mkdtempSync(path.join(os.tmpdir(), "shipped-")),
    { calendar, freq: "day" },
    { sessionsBetween: (start, end) => sessions.sessionsBetween(start, end) },
  );
  for (const request of requests) {
    const source = await openBarSource(locator);
    await importBars(source, await store.writer(), { calendar: sessions, engine: "test", request });
  }
  await using snapshot = await store.snapshot();
  return await snapshot.readPanel({ set: "bars", role: "market" });
}

const shares = `parquet:${path.join(fixtures, "a-share-daily", "a-share-daily-2017-2019.parquet")}`;

it("the A-share file has 447 ex-days, none of them downwards, and the same when imported in two halves", async () => {
  const panel = await imported(shares, "XSHG", [{}]);
  const cut = dayOf("2018-03-15");
  const halves = await imported(shares, "XSHG", [{ start: cut }, { end: cut - 1 }]);
  let steps = 0;
  let down = 0;
  for (const [lane, instrument] of panel.instruments.entries()) {
    const factor = seriesOf(panel, "factor", lane);
    expect(seriesOf(halves, "factor", halves.instruments.indexOf(instrument))).toEqual(factor);
    for (let row = 1; row < factor.length; row++) {
      if (factor[row] !== factor[row - 1]) steps++;
      if (factor[row]! < factor[row - 1]!) down++;
    }
  }
  expect(panel.instruments).toHaveLength(175);
  expect({ steps, down }).toEqual({ steps: 447, down: 0 });
});

it("AAPL in close × factor does not jump where its shares were split", async () => {
  const panel = await imported(`csv:${path.join(fixtures, "us-equity-daily")}`, "XNYS", [
    { instruments: new Set(["AAPL.US"]) },
  ]);
  const lane = panel.instruments.indexOf("AAPL.US");
  const close = seriesOf(panel, "close", lane);
  const factor = seriesOf(panel, "factor", lane);
  const from = panel.first[lane]!;
  for (const [split, ratio] of [
    ["2014-06-09", 7],
    ["2020-08-31", 4],
  ] as const) {
    const row = panel.time.days.indexOf(dayOf(split)) - from;
    expect(close[row - 1]! / close[row]!).toBeGreaterThan(ratio * 0.9);
    expect(factor[row]! / factor[row - 1]!).toBeCloseTo(ratio, 2);
    const move = (close[row]! * factor[row]!) / (close[row - 1]! * factor[row - 1]!);
    expect(Math.abs(move - 1)).toBeLessThan(0.05);
  }
});
