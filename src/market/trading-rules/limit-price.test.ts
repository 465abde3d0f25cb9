import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MarketError } from "../errors.ts";
import { limitPrices, ticksByText, ticksOf } from "./limit-price.ts";

/** Percent, reference, upper and lower limit: prices under which rounding, the one-tick rule and the floor bite. */
test.each([
  [10, 0.02, 0.03, 0.01],
  [10, 0.04, 0.05, 0.03],
  [10, 0.06, 0.07, 0.05],
  [10, 0.95, 1.05, 0.86],
  [10, 1, 1.1, 0.9],
  [10, 1.05, 1.16, 0.95],
  [10, 2.35, 2.59, 2.12],
  [10, 4.26, 4.69, 3.83],
  [10, 9.99, 10.99, 8.99],
  [10, 10, 11, 9],
  [10, 10.05, 11.06, 9.05],
  [10, 12.34, 13.57, 11.11],
  [10, 18.15, 19.97, 16.34],
  [10, 33.33, 36.66, 30],
  [10, 99.95, 109.95, 89.96],
  [10, 1850, 2035, 1665],
  [5, 0.02, 0.03, 0.01],
  [5, 0.04, 0.05, 0.03],
  [5, 0.06, 0.07, 0.05],
  [5, 0.95, 1, 0.9],
  [5, 1, 1.05, 0.95],
  [5, 1.05, 1.1, 1],
  [5, 2.35, 2.47, 2.23],
  [5, 4.26, 4.47, 4.05],
  [5, 9.99, 10.49, 9.49],
  [5, 10, 10.5, 9.5],
  [5, 10.05, 10.55, 9.55],
  [5, 12.34, 12.96, 11.72],
  [5, 18.15, 19.06, 17.24],
  [5, 33.33, 35, 31.66],
  [5, 99.95, 104.95, 94.95],
  [5, 1850, 1942.5, 1757.5],
  [20, 0.02, 0.03, 0.01],
  [20, 0.04, 0.05, 0.03],
  [20, 0.06, 0.07, 0.05],
  [20, 0.95, 1.14, 0.76],
  [20, 1, 1.2, 0.8],
  [20, 1.05, 1.26, 0.84],
  [20, 2.35, 2.82, 1.88],
  [20, 4.26, 5.11, 3.41],
  [20, 9.99, 11.99, 7.99],
  [20, 10, 12, 8],
  [20, 10.05, 12.06, 8.04],
  [20, 12.34, 14.81, 9.87],
  [20, 18.15, 21.78, 14.52],
  [20, 33.33, 40, 26.66],
  [20, 99.95, 119.94, 79.96],
  [20, 1850, 2220, 1480],
  [30, 0.02, 0.03, 0.01],
  [30, 0.04, 0.05, 0.03],
  [30, 0.06, 0.08, 0.04],
  [30, 0.95, 1.24, 0.67],
  [30, 1, 1.3, 0.7],
  [30, 1.05, 1.37, 0.74],
  [30, 2.35, 3.06, 1.65],
  [30, 4.26, 5.54, 2.98],
  [30, 9.99, 12.99, 6.99],
  [30, 10, 13, 7],
  [30, 10.05, 13.07, 7.04],
  [30, 12.34, 16.04, 8.64],
  [30, 18.15, 23.6, 12.71],
  [30, 33.33, 43.33, 23.33],
  [30, 99.95, 129.94, 69.97],
  [30, 1850, 2405, 1295],
])("±%d %% of %d is %d and %d", (pct, reference, up, down) => {
  expect(limitPrices(reference, { upPct: pct, downPct: pct, decimals: 2 })).toEqual({ up, down });
});

test("the first-day band of a 2014 listing is +44 % and −36 % of the issue price", () => {
  expect(limitPrices(11.26, { upPct: 44, downPct: 36, decimals: 2 })).toEqual({ up: 16.21, down: 7.21 });
});

test("prices in thousandths of a dollar round in thousandths", () => {
  expect(limitPrices(0.345, { upPct: 10, downPct: 10, decimals: 3 })).toEqual({ up: 0.38, down: 0.311 });
});

test("a reference off the tick is rounded half-up first, by its decimal and not its binary value", () => {
  const terms = { upPct: 10, downPct: 10, decimals: 2 };
  expect(ticksOf(1.005, 2)).toBe(101);
  expect(limitPrices(Math.fround(12.34), terms)).toEqual(limitPrices(12.34, terms));
  expect(limitPrices(12.3349999, terms)).toEqual(limitPrices(12.33, terms));
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 0.004, 1e12])("%d is no reference price", (price) => {
  expect(() => ticksOf(price, 2)).toThrow(MarketError);
});

test("the quick count of ticks equals the count by text", () => {
  const price = fc.oneof(
    fc.integer({ min: 1, max: 10_000_000 }).map((n) => n / 100),
    fc.integer({ min: 50, max: 1_000_000_000 }).map((n) => n / 10_000),
    fc.double({ min: 0.005, max: 1e6, noNaN: true }),
  );
  fc.assert(
    fc.property(price, fc.constantFrom(2, 3), (value, decimals) => {
      expect(ticksOf(value, decimals)).toBe(ticksByText(value, decimals));
    }),
    { numRuns: 5000 },
  );
});

test("limits equal the same formula in whole numbers of any size, and enclose the reference", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000_000 }),
      fc.constantFrom(5, 10, 20, 30),
      fc.constantFrom(2, 3),
      (ticks, pct, decimals) => {
        const scale = 10 ** decimals;
        const share = (percent: number): number =>
          Number((2n * BigInt(ticks) * BigInt(percent) + 100n) / 200n);
        const { up, down } = limitPrices(ticks / scale, { upPct: pct, downPct: pct, decimals });
        expect(up).toBe(Math.max(share(100 + pct), ticks + 1) / scale);
        expect(down).toBe(Math.max(1, Math.min(share(100 - pct), ticks - 1)) / scale);
        expect(up > ticks / scale && down <= ticks / scale).toBe(true);
      },
    ),
    { numRuns: 2000 },
  );
});
