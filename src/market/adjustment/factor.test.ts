import * as fc from "fast-check";
import { expect, test } from "vitest";
import { dayOf } from "../day.ts";
import { MarketError } from "../errors.ts";
import { parseFactorFile } from "./factor-file.ts";
import { factorFromFile, factorFromPreclose, factorFromRunning, factorOn } from "./factor.ts";
import { adjustPrices, scaleOf, unadjustPrices, viewOf, type View } from "./view.ts";

interface History {
  readonly days: Int32Array;
  readonly close: Float64Array;
  readonly preclose: Float64Array;
}

/** Closes in whole fen with ex-days (a dividend lowers the preclose) and suspensions (both prices NaN). */
const histories: fc.Arbitrary<History> = fc
  .array(
    fc.record({
      close: fc.integer({ min: 100, max: 300_000 }),
      dividend: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50 })),
      suspended: fc.boolean(),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((bars) => {
    const close = new Float64Array(bars.length).fill(Number.NaN);
    const preclose = new Float64Array(bars.length).fill(Number.NaN);
    let last = 500;
    for (const [row, bar] of bars.entries()) {
      if (bar.suspended) continue;
      preclose[row] = (last - Math.min(bar.dividend, last - 1)) / 100;
      close[row] = bar.close / 100;
      last = bar.close;
    }
    return { days: Int32Array.from(bars, (_, row) => 18_000 + row), close, preclose };
  });

test("the factor is 1 on the first bar, moves only on ex-days and is carried over suspended days", () => {
  const nan = Number.NaN;
  const close = Float64Array.of(10, 11, nan, nan, 9.9, 10.2);
  const preclose = Float64Array.of(9.5, 10, nan, nan, 10, 9.9);
  expect([...factorFromPreclose(close, preclose)]).toEqual([1, 1, 1, 1, 1.1, 1.1]);
});

test("prices stored as float32 do not move the factor", () => {
  const close = Float64Array.of(12.34, 12.5);
  const preclose = Float64Array.of(12, Math.fround(12.34));
  expect([...factorFromPreclose(close, preclose)]).toEqual([1, 1]);
});

test("where closes are last trades, only a preclose outside the day's range or far below is an ex-day", () => {
  const close = Float64Array.of(10, 10.05, 10, 10, 10, 5);
  const preclose = Float64Array.of(10, 10.02, 10.07, 9.9, 9.92, 5);
  const low = Float64Array.of(9.95, 9.9, 9.95, 9.9, 9.8, 5);
  const high = Float64Array.of(10.1, 10.1, 10.1, 10.1, 10.1, 5);
  const steps = (on: (row: number) => boolean): number[] => {
    const factor = factorFromPreclose(close, preclose, { lastTrade: { on, low, high } });
    return Array.from(factor.subarray(1), (value, row) => Number((value / factor[row]!).toFixed(4)));
  };
  expect(steps(() => true)).toEqual([1, 1, 1.0101, 1.0081, 2]);
  expect(steps(() => false)).toEqual([0.998, 0.998, 1.0101, 1.0081, 2]);
  expect([...factorFromPreclose(close, preclose)].at(-1)).toBeCloseTo(2.0283, 3);
});

test("the adjusted return over any day is close / preclose", () => {
  fc.assert(
    fc.property(histories, ({ close, preclose }) => {
      const adjusted = adjustPrices(close, factorFromPreclose(close, preclose));
      let last = Number.NaN;
      for (let row = 0; row < close.length; row++) {
        if (Number.isNaN(close[row]!)) continue;
        const expected = Number.isNaN(last) ? 0 : close[row]! / preclose[row]!;
        const found = Number.isNaN(last) ? 0 : adjusted[row]! / last;
        expect(Math.abs(found - expected)).toBeLessThan(1e-12 * Math.max(1, expected));
        last = adjusted[row]!;
      }
    }),
  );
});

test("cutting the future off changes no factor", () => {
  fc.assert(
    fc.property(histories, fc.nat(), ({ close, preclose }, cut) => {
      const rows = 1 + (cut % close.length);
      const full = factorFromPreclose(close, preclose);
      expect(full[0]).toBe(1);
      expect(factorFromPreclose(close.slice(0, rows), preclose.slice(0, rows))).toEqual(full.slice(0, rows));
    }),
  );
});

test("returns do not depend on the base date, and hfq goes back to raw", () => {
  fc.assert(
    fc.property(histories, fc.nat(), ({ days, close, preclose }, base) => {
      const factor = factorFromPreclose(close, preclose);
      const views: View[] = [{ kind: "hfq" }, { kind: "qfq", base: days[base % days.length]! }];
      const [hfq, qfq] = views.map((view) => adjustPrices(close, scaleOf(view, days, factor)));
      const ratios = Array.from(hfq!, (price, row) => price / qfq![row]!).filter((r) => !Number.isNaN(r));
      expect(ratios.every((ratio) => Math.abs(ratio / ratios[0]! - 1) < 1e-14)).toBe(true);
      const back = unadjustPrices(hfq!, factor);
      expect(back.every((price, row) => !(Math.abs(price / close[row]! - 1) > 5e-16))).toBe(true);
    }),
  );
});

test("qfq prices of the base date are the raw ones, and a base before the first bar is an error", () => {
  const days = Int32Array.of(100, 101, 103);
  const factor = Float64Array.of(1, 2, 4);
  const close = Float64Array.of(8, 4, 2);
  const on = (base: number) => [...adjustPrices(close, scaleOf({ kind: "qfq", base }, days, factor))];
  expect(on(103)).toEqual([2, 2, 2]);
  expect(on(102)).toEqual([4, 4, 4]);
  expect(on(100)).toEqual([8, 8, 8]);
  expect(() => on(99)).toThrow(MarketError);
  expect(() => factorOn(5, new Int32Array(0), new Float64Array(0))).toThrow("there are no bars");
});

test("a view scales prices, divides volume and leaves amount, so the money traded is the same", () => {
  const columns = new Map([
    ["close", Float64Array.of(10, 5)],
    ["preclose", Float64Array.of(9, 5)],
    ["volume", Float64Array.of(100, 200)],
    ["amount", Float64Array.of(1000, 1000)],
  ]);
  const rows = { days: Int32Array.of(1, 2), factor: Float64Array.of(1, 2) };
  const hfq = viewOf(columns, { kind: "hfq" }, rows);
  expect([...hfq.get("close")!]).toEqual([10, 10]);
  expect([...hfq.get("preclose")!]).toEqual([9, 10]);
  expect([...hfq.get("volume")!]).toEqual([100, 100]);
  expect(hfq.get("amount")).toBe(columns.get("amount"));
  expect([...viewOf(columns, { kind: "raw" }, rows).get("close")!]).toEqual([10, 5]);
});

test("a running factor of any scale is divided by its first value and carried over gaps", () => {
  const nan = Number.NaN;
  expect([...factorFromRunning(Float64Array.of(nan, 108, nan, 216, nan))]).toEqual([1, 1, 1, 2, 2]);
  expect(() => factorFromRunning(Float64Array.of(1, 0))).toThrow(MarketError);
});

/** Apple's lines around the splits of 2014-06-09 (7:1) and 2020-08-31 (4:1), as QuantConnect publishes them. */
const appleLines = [
  "20140606,0.9304792,0.0357143,645.57",
  "20200806,0.9949942,0.25,455.61",
  "20200828,0.9967882,0.25,499.23",
  "20201105,0.9967882,1,119.03",
  "20501231,1,1,0",
].join("\n");

test("a factor file's row holds for the days up to its date, so a split leaves no jump", () => {
  const days = Int32Array.from(["2020-08-27", "2020-08-28", "2020-08-31", "2020-09-01"].map(dayOf));
  const close = Float64Array.of(500.04, 499.23, 129.04, 134.18);
  const factor = factorFromFile(days, parseFactorFile(appleLines));
  expect([...factor]).toEqual([1, 1, 4, 4]);
  const adjusted = adjustPrices(close, factor);
  expect(adjusted[2]! / adjusted[1]!).toBeCloseTo(1.0339, 4);
});

test("a line without a reference price, blank lines and CRLF are read", () => {
  expect(parseFactorFile("20140606,0.93,0.03\r\n\r\n20501231,1,1,0\r\n")).toEqual([
    { day: dayOf("2014-06-06"), priceFactor: 0.93, splitFactor: 0.03, reference: 0 },
    { day: dayOf("2050-12-31"), priceFactor: 1, splitFactor: 1, reference: 0 },
  ]);
});

test.each([
  ["", "there is no line"],
  ["2014066,0.93,0.03,1", 'line 1 is "2014066,0.93,0.03,1"'],
  ["20140606,0,0.03,1", "line 1"],
  ["20140606,,0.03,1", "line 1"],
  ["20140606,1,1,x", "line 1"],
  ["20140606,1,1,1\n20140605,1,1,1", "line 2 has 2014-06-05 after 2014-06-06"],
])("the factor file %j is refused: %s", (text, message) => {
  expect(() => parseFactorFile(text)).toThrow(message);
  expect(() => parseFactorFile(text)).toThrow(MarketError);
});

test("a factor file that ends before the bars is an error", () => {
  const file = parseFactorFile("20140606,1,1,1");
  expect(() => factorFromFile(Int32Array.of(dayOf("2014-06-09")), file)).toThrow("no row from 2014-06-09 on");
});
