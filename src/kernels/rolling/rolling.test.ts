import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rollingCount } from "./count.ts";
import { rollingCorrelation, rollingCovariance } from "./covariance.ts";
import { rollingArgmax, rollingArgmin } from "./extreme-position.ts";
import { rollingMaximum, rollingMinimum } from "./extremes.ts";
import { barsSinceHighest, barsSinceLowest } from "./bars-since-extreme.ts";
import { rollingLinearWeightedMean } from "./linear-weighted-mean.ts";
import { rollingMean } from "./mean.ts";
import { rollingMeanDeviation } from "./mean-deviation.ts";
import { rollingMedian, rollingQuantile } from "./quantile.ts";
import { rollingPopulationDeviation, rollingPopulationVariance } from "./population-variance.ts";
import { rollingPlace, rollingRank } from "./rank.ts";
import { rollingResidual, rollingRsquare, rollingSlope } from "./regression.ts";
import { rollingKurtosis, rollingSkewness } from "./shape.ts";
import { rollingSum } from "./sum.ts";
import { rollingDeviation, rollingVariance } from "./variance.ts";
import { rollingWeightedMean } from "./weighted-mean.ts";

/**
 * Every kernel against a slow restatement of its definition on one window, written another way: pairs of values instead of
 * deviations from a mean, sorting instead of insertion.
 */
type Kernel = (x: Float64Array, rows: number, out: Float64Array) => void;
type Definition = (window: readonly number[]) => number;

const finite = (window: readonly number[]): number[] => window.filter((value) => Number.isFinite(value));
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

function eachTwo<T>(values: readonly T[], of: (a: T, b: T) => number): number {
  let sum = 0;
  for (const [index, a] of values.entries()) for (const b of values.slice(index + 1)) sum += of(a, b);
  return sum;
}

function variance(window: readonly number[]): number {
  const values = finite(window);
  const n = values.length;
  return n < 2 ? Number.NaN : eachTwo(values, (a, b) => (a - b) ** 2) / (n * (n - 1));
}

function moment(values: readonly number[], power: number): number {
  const mean = total(values) / values.length;
  return total(values.map((value) => (value - mean) ** power)) / values.length;
}

function points(window: readonly number[]): [number, number][] {
  return window.flatMap((value, index) =>
    Number.isNaN(value) ? [] : [[index + 1, value] as [number, number]],
  );
}

function slope(window: readonly number[]): number {
  if (window.some((value) => Math.abs(value) === Infinity)) return Number.NaN;
  const each = points(window);
  if (each.length < 2) return Number.NaN;
  return eachTwo(each, ([p, x], [q, y]) => (q - p) * (y - x)) / eachTwo(each, ([p], [q]) => (q - p) ** 2);
}

function quantile(share: number): Definition {
  return (window) => {
    const values = ascending(finite(window));
    if (values.length === 0) return Number.NaN;
    const place = share * (values.length - 1);
    const [low, high] = [values[Math.floor(place)]!, values[Math.ceil(place)]!];
    return low * (1 - (place % 1)) + high * (place % 1);
  };
}

function position(better: (a: number, b: number) => boolean): Definition {
  return (window) => {
    if (finite(window).length === 0) return Number.NaN;
    const missing = window.findIndex((value) => !Number.isFinite(value));
    if (missing >= 0) return missing + 1;
    return window.findIndex((value) => window.every((other) => !better(other, value))) + 1;
  };
}

function populationVariance(window: readonly number[]): number {
  const { length: n } = finite(window);
  return n === 1 ? 0 : eachTwo(finite(window), (a, b) => (a - b) ** 2) / (n * n);
}

function barsSince(better: (a: number, b: number) => boolean): Definition {
  return (window) => {
    const back = window.toReversed();
    const found = back.findIndex(
      (value) =>
        Number.isFinite(value) && !back.some((other) => Number.isFinite(other) && better(other, value)),
    );
    return found < 0 ? Number.NaN : found;
  };
}

const definitions: readonly (readonly [string, Kernel, Definition])[] = [
  [
    "sum",
    rollingSum,
    (window) => (finite(window).length === 0 ? Number.NaN : total(finite(window).reverse())),
  ],
  ["mean", rollingMean, (window) => total(finite(window)) / finite(window).length],
  ["variance", rollingVariance, variance],
  ["deviation", rollingDeviation, (window) => Math.sqrt(variance(window))],
  ["population variance", rollingPopulationVariance, populationVariance],
  ["population deviation", rollingPopulationDeviation, (window) => Math.sqrt(populationVariance(window))],
  ["rows since the maximum", barsSinceHighest, barsSince((a, b) => a > b)],
  ["rows since the minimum", barsSinceLowest, barsSince((a, b) => a < b)],
  [
    "linearly weighted mean",
    (x, size, out) => rollingLinearWeightedMean(x, size, out),
    // Every value as often as its weight says.
    (window) => {
      const repeated = window.flatMap((value, index) =>
        Array.from({ length: index + 1 }, () => value).filter((each) => Number.isFinite(each)),
      );
      return total(repeated) / repeated.length;
    },
  ],
  ["maximum", rollingMaximum, (window) => ascending(finite(window)).at(-1) ?? Number.NaN],
  ["minimum", rollingMinimum, (window) => ascending(finite(window))[0] ?? Number.NaN],
  ["place of the maximum", rollingArgmax, position((a, b) => a > b)],
  ["place of the minimum", rollingArgmin, position((a, b) => a < b)],
  ["median", rollingMedian, quantile(0.5)],
  ["quantile", (x, rows, out) => rollingQuantile(x, { rows, share: 0.3 }, out), quantile(0.3)],
  [
    "mean deviation",
    rollingMeanDeviation,
    (window) => {
      const values = finite(window);
      return total(values.map((value) => Math.abs(value - total(values) / values.length))) / values.length;
    },
  ],
  [
    "rank",
    rollingRank,
    (window) => {
      const today = window.at(-1)!;
      if (!Number.isFinite(today)) return Number.NaN;
      const places = ascending(finite(window)).flatMap((value, index) =>
        value === today ? [index + 1] : [],
      );
      return total(places) / places.length / finite(window).length;
    },
  ],
  ["count", rollingCount, (window) => window.filter((value) => !Number.isNaN(value)).length],
  [
    "weighted mean",
    rollingWeightedMean,
    (window) => {
      const weights = total(window.map((_, index) => index + 1));
      const products = window.map((value, index) => ((index + 1) / weights) * value).filter(Number.isFinite);
      return total(products) / products.length;
    },
  ],
  ["slope", rollingSlope, slope],
  [
    "Rsquare",
    rollingRsquare,
    (window) => {
      const each = points(window);
      const spread = eachTwo(each, ([, x], [, y]) => (y - x) ** 2);
      const places = eachTwo(each, ([p], [q]) => (q - p) ** 2);
      return (slope(window) ** 2 * places) / spread;
    },
  ],
  [
    "residual",
    rollingResidual,
    (window) => {
      const each = points(window);
      const meanPlace = total(each.map(([place]) => place)) / each.length;
      const meanValue = total(each.map(([, value]) => value)) / each.length;
      return window.at(-1)! - meanValue - slope(window) * (window.length - meanPlace);
    },
  ],
  [
    "skewness",
    rollingSkewness,
    (window) => {
      const values = finite(window);
      const n = values.length;
      if (n < 3) return Number.NaN;
      if (new Set(values).size === 1) return 0;
      if (moment(values, 2) <= 1e-14) return Number.NaN;
      const sample = Math.sqrt(variance(values)) ** 3;
      return ((n / ((n - 1) * (n - 2))) * (moment(values, 3) * n)) / sample;
    },
  ],
  [
    "kurtosis",
    rollingKurtosis,
    (window) => {
      const values = finite(window);
      const n = values.length;
      if (n < 4) return Number.NaN;
      if (new Set(values).size === 1) return -3;
      if (moment(values, 2) <= 1e-14) return Number.NaN;
      const fourth = (moment(values, 4) * n) / variance(values) ** 2;
      return (
        ((n * (n + 1)) / ((n - 1) * (n - 2) * (n - 3))) * fourth - (3 * (n - 1) ** 2) / ((n - 2) * (n - 3))
      );
    },
  ],
];

/** Values on a grid, so that ties and constant windows happen; holes and infinities too. */
const value = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: -40, max: 40 }).map((n) => n / 4) },
  { weight: 2, arbitrary: fc.constant(Number.NaN) },
  { weight: 1, arbitrary: fc.constantFrom(Infinity, -Infinity) },
);
const series = fc.array(value, { minLength: 1, maxLength: 40 }).map((values) => Float64Array.from(values));
const rows = fc.integer({ min: 1, max: 45 });

/** Rows that are not what the definition gives, as sentences. */
function differences(actual: ArrayLike<number>, expected: readonly number[]): string[] {
  return expected.flatMap((wanted, row) => {
    const found = actual[row]!;
    const close = !(Math.abs(found - wanted) > 1e-9 * (1 + Math.abs(wanted)));
    if (Number.isNaN(wanted) === Number.isNaN(found) && close) return [];
    return [`row ${row}: ${found}, by definition ${wanted}`];
  });
}

function windowsOf(x: Float64Array, size: number): number[][] {
  return [...x].map((_, t) => [...x.subarray(Math.max(0, t - size + 1), t + 1)]);
}

/** Regressions remember an infinity for good; their definition sees the window only. */
function upToInfinity(x: Float64Array, name: string): Float64Array {
  const at = x.findIndex((each) => Math.abs(each) === Infinity);
  return at < 0 || !remembers(name) ? x : x.subarray(0, at);
}

function remembers(name: string): boolean {
  return ["slope", "Rsquare", "residual"].includes(name);
}

describe.each(definitions)("rolling %s", (name, kernel, definition) => {
  test("is its definition on every window, holes and infinities included", () => {
    fc.assert(
      fc.property(series, rows, (all, size) => {
        const x = upToInfinity(all, name);
        const out = new Float64Array(x.length);
        kernel(x, size, out);
        expect(differences(out, windowsOf(x, size).map(definition))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test("has the same bits whatever stands before the window or after the row", () => {
    fc.assert(
      fc.property(series, fc.array(value, { maxLength: 8 }), rows, (all, past, size) => {
        const x = upToInfinity(all, name);
        const longer = Float64Array.from([
          ...past.filter((each) => !remembers(name) || Math.abs(each) !== Infinity),
          ...x,
          7,
          8,
        ]);
        const [short, long] = [new Float64Array(x.length), new Float64Array(longer.length)];
        kernel(x, size, short);
        kernel(longer, size, long);
        const shift = longer.length - 2 - x.length;
        expect(long.slice(shift + size - 1, shift + x.length)).toEqual(short.slice(size - 1));
      }),
      { numRuns: 60 },
    );
  });
});

describe("rolling covariance and correlation", () => {
  const pairs = fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 30 });

  test("are their definitions on the rows where both series are finite", () => {
    fc.assert(
      fc.property(pairs, rows, (both, size) => {
        const x = Float64Array.from(both, ([a]) => a);
        const y = Float64Array.from(both, ([, b]) => b);
        const [covariance, correlation] = [new Float64Array(x.length), new Float64Array(x.length)];
        rollingCovariance([x, y], size, covariance);
        rollingCorrelation([x, y], size, correlation);
        const windows = both.map((_, t) =>
          both
            .slice(Math.max(0, t - size + 1), t + 1)
            .filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b)),
        );
        const products = windows.map((window) => eachTwo(window, ([a, b], [c, d]) => (a - c) * (b - d)));
        expect(
          differences(
            covariance,
            windows.map(({ length: n }, t) => (n < 2 ? Number.NaN : products[t]! / (n * (n - 1)))),
          ),
        ).toEqual([]);
        expect(
          differences(
            correlation,
            windows.map((window, t) => {
              const spread = (of: (pair: [number, number]) => number): number =>
                eachTwo(window, (a, b) => (of(a) - of(b)) ** 2);
              return products[t]! / Math.sqrt(spread(([a]) => a) * spread(([, b]) => b));
            }),
          ),
        ).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

function run(kernel: Kernel, x: readonly number[], size: number): number[] {
  const out = new Float64Array(x.length);
  kernel(Float64Array.from(x), size, out);
  return [...out];
}

describe("the exact answers that pandas gives", () => {
  test("a window of equal values has deviation 0 and their very value as mean", () => {
    const x = Array.from({ length: 9 }, () => 0.1);
    expect(run(rollingDeviation, x, 7).slice(1)).toEqual(Array.from({ length: 8 }, () => 0));
    expect(run(rollingMean, x, 7)).toEqual(x);
  });

  test("the place counts from 1, ties averaged", () => {
    expect(run(rollingPlace, [5, 3, 3, 9, NaN], 3)).toEqual([1, 1, 1.5, 3, NaN]);
  });

  test("a spike of 1e10 is forgotten once it has left the window", () => {
    const x = [1, 2, 1e10, 3, 4, 5, 6];
    expect(run(rollingDeviation, x, 3).at(-1)).toBe(1);
    expect(run(rollingSum, x, 2).at(-1)).toBe(11);
  });

  test("an infinity makes every later slope NaN, as Qlib's recursion does", () => {
    expect(run(rollingSlope, [1, 2, Infinity, 4, 5, 6, 7, 8], 2)).toEqual([
      NaN,
      1,
      NaN,
      NaN,
      NaN,
      NaN,
      NaN,
      NaN,
    ]);
  });
});
