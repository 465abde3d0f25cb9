import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { readFinancial } from "../../src/data/sources/qlib-bin/financial.ts";
import { readQlibPanel } from "../../src/data/sources/qlib-bin/panel.ts";
import { join } from "node:path";
import { extract } from "tar";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dayOf, isoOf } from "../../src/market/day.ts";
import { ExpressionError } from "../../src/expression/errors.ts";
import { evaluateExpressions } from "../../src/expression/run/evaluate.ts";
import type { PeriodicSource } from "../../src/expression/run/periods.ts";
import { panelOf, seriesOf, type Panel } from "../../src/panel/panel.ts";
import { goldenFolder, goldenJson, holding, withArchive } from "./qlib-golden.ts";

interface PointInTime {
  readonly rows?: number;
  readonly change_points?: readonly (readonly [instrument: string, day: string, value: number | null])[];
  readonly raises?: string;
}

const golden = goldenJson("pit.json") as Readonly<Record<string, PointInTime>>;

let bars: Panel<"market">;
let periodic: PeriodicSource;
let financial: string;

beforeAll(async () => {
  bars = await withArchive("qlib-bin-store.tar.gz", (folder) => readQlibPanel(holding(folder, "calendars")));
  financial = mkdtempSync(join(tmpdir(), "pit-"));
  await extract({ file: join(goldenFolder(), "pit-store.tar.gz"), cwd: financial });
  const store = holding(financial, "calendars");
  periodic = (instrument, field) => {
    const records = readFinancial(store, instrument, field);
    if (records === undefined) return undefined;
    return Array.from(records.periods, (period, index) => ({
      period,
      announced: records.announced[index]!,
      value: records.values[index]!,
    }));
  };
});

afterAll(() => {
  rmSync(financial, { recursive: true, force: true });
});

/** Two instruments that live on every session: their rows are the whole calendar, as P's are in Qlib. */
function always(instruments: readonly string[]): Panel<"market"> {
  const rows = bars.time.days.length;
  const close = new Float32Array(rows * instruments.length).fill(Number.NaN);
  for (const [lane, id] of instruments.entries()) {
    const from = bars.instruments.indexOf(id);
    for (const [index, value] of seriesOf(bars, "close", from).entries()) {
      close[(bars.first[from]! + index) * instruments.length + lane] = value;
    }
  }
  return panelOf({
    role: "market",
    time: bars.time,
    instruments,
    first: new Int32Array(instruments.length),
    last: new Int32Array(instruments.length).fill(rows - 1),
    columns: [{ name: "close", values: close }],
  });
}

const answered = Object.entries(golden).filter(([, { change_points: points }]) => (points?.length ?? 0) > 0);

test("there are point-in-time answers to compare", () => {
  expect(answered.length).toBeGreaterThan(5);
});

test.each(answered)(
  "%s changes on the days and to the values that Qlib has",
  (expression, { rows, change_points: points }) => {
    const instruments = [...new Set(points!.map(([instrument]) => instrument))];
    const panel = always(instruments);
    const [column] = evaluateExpressions([expression], panel, { periodic });
    const days = rows! / Math.max(2, instruments.length);
    const start = bars.time.days.indexOf(dayOf(points![0]![1]));
    for (const [lane, instrument] of instruments.entries()) {
      const theirs = points!.filter(([id]) => id === instrument).map(([, day, value]) => [day, value]);
      // The golden lists 60 changes of an expression at most.
      const ours: [string, number | null][] = [];
      for (let row = start; row < start + days; row++) {
        const value = column!.values[row * instruments.length + lane]!;
        const shown = Number.isNaN(value) ? null : value;
        if (ours.length === 0 || ours.at(-1)![1] !== shown) ours.push([isoOf(bars.time.days[row]!), shown]);
      }
      const listed = points!.length < 60 ? ours : ours.slice(0, theirs.length);
      expect(listed).toEqual(theirs);
    }
  },
);

test.each([
  ["$$roewa_q", "EXPRESSION_PERIODIC"],
  ["P($$roewa)", "EXPRESSION_PERIODIC"],
  ["P($$nosuch_q)", "EXPRESSION_FIELD_UNKNOWN"],
  ["P($close)", "EXPRESSION_PERIODIC"],
  ["P(Ref($$roewa_q,-1))", "EXPRESSION_PERIODIC"],
  ["$close+$$roewa_q", "EXPRESSION_PERIODIC"],
])("%s is refused", (expression, code) => {
  let thrown: unknown;
  try {
    evaluateExpressions([expression], always(["SH600000"]), { periodic });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ExpressionError);
  expect(thrown).toMatchObject({ code });
});
