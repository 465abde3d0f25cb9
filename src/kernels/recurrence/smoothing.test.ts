import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dynamicMean } from "./dynamic-mean.ts";
import type { Recurrence } from "./recurrence.ts";
import { seededSmoothing } from "./seeded-smoothing.ts";
import { differences, ran, resumedDifferently, scaledDifferently, series } from "./testing/series.ts";
import { wilderSum } from "./wilder-sum.ts";

/** Every recurrence against its closed form: a sum of weighted values with no recurrence in it. */
const periods = fc.integer({ min: 2, max: 9 });
const finite = (values: Iterable<number>): number[] => [...values].filter((each) => Number.isFinite(each));
const total = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0);
const soFar = (x: Float64Array): number[][] => [...x.keys()].map((t) => finite(x.subarray(0, t + 1)));

test("smoothing from a mean is that mean and the later values, each with what is left of its weight", () => {
  const weights = fc.double({ min: 0.01, max: 1, noNaN: true });
  fc.assert(
    fc.property(series, periods, weights, (x, seed, weight) => {
      const expected = soFar(x).map((values) => {
        if (values.length < seed) return Number.NaN;
        const start = total(values.slice(0, seed)) / seed;
        const later = values.slice(seed);
        const kept = (index: number): number => (1 - weight) ** (later.length - index);
        return start * kept(0) + total(later.map((value, index) => weight * value * kept(index + 1)));
      });
      expect(differences(ran(seededSmoothing({ seed, weight }), [x]), expected)).toEqual([]);
    }),
  );
});

test("Wilder's sum is every value times (1 − 1/N) for each value after it, the first N − 1 counted as one", () => {
  fc.assert(
    fc.property(series, periods, (x, period) => {
      const expected = soFar(x).map((values) => {
        if (values.length < period - 1) return Number.NaN;
        return total(
          values.map((value, index) => {
            const after = values.length - 1 - Math.max(index, period - 2);
            return value * (1 - 1 / period) ** after;
          }),
        );
      });
      expect(differences(ran(wilderSum(period), [x]), expected)).toEqual([]);
    }),
  );
});

const weightSeries = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 1024 }).map((each) => each / 1024) },
    fc.constant(Number.NaN),
  ),
  { minLength: 40, maxLength: 40 },
);

describe("the dynamic mean", () => {
  test("gives each value its weight and what later weights leave of it, the value before the first weight too", () => {
    fc.assert(
      fc.property(series, weightSeries, (x, all) => {
        const a = Float64Array.from(all.slice(0, x.length));
        const expected = [...x.keys()].map((t) => {
          const rows = [...x.keys()].filter((row) => row <= t && Number.isFinite(x[row]!));
          const start = rows.findIndex((row) => Number.isFinite(a[row]!));
          if (start < 0) return Number.NaN;
          const weighted = rows.slice(start).filter((row) => Number.isFinite(a[row]!));
          const before = start === 0 ? weighted.shift()! : rows[start - 1]!;
          let sum = 0;
          let left = 1;
          for (const row of weighted.toReversed()) {
            sum += x[row]! * a[row]! * left;
            left *= 1 - a[row]!;
          }
          return sum + x[before]! * left;
        });
        expect(differences(ran(dynamicMean, [x, a]), expected)).toEqual([]);
      }),
    );
  });

  test("with a number as weight is the exponential mean that starts from the first value", () => {
    const x = Float64Array.of(Number.NaN, 4, 8, Number.NaN, 16, Infinity);
    expect([...ran(dynamicMean, [x, 0.5])]).toEqual([Number.NaN, 4, 6, 6, 11, 11]);
  });
});

const all: readonly (readonly [string, Recurrence])[] = [
  ["smoothing from a mean", seededSmoothing({ seed: 5, weight: 1 / 3 })],
  ["Wilder's sum", wilderSum(5)],
  ["the dynamic mean", dynamicMean],
];

describe.each(all)("%s", (_name, recurrence) => {
  const inputsOf = (x: Float64Array, a: readonly number[]): Float64Array[] =>
    recurrence === dynamicMean ? [x, Float64Array.from(a.slice(0, x.length))] : [x];

  test("goes on from a stored state with the same bits", () => {
    fc.assert(
      fc.property(series, weightSeries, fc.nat(), (x, a, at) => {
        expect(resumedDifferently(recurrence, inputsOf(x, a), at % x.length)).toEqual([]);
      }),
    );
  });

  test("gives the same bits at any scale", () => {
    fc.assert(
      fc.property(series, weightSeries, fc.constantFrom(-40, 40), (x, a, exponent) => {
        const whole = x.map((each) => Math.round(each * 1024));
        const how = { exponent, weights: [1] };
        expect(scaledDifferently(recurrence, inputsOf(whole, a), how)).toEqual([]);
      }),
    );
  });
});

test("a constant stays exactly what it is, whatever the seed and the weight", () => {
  const constant = new Float64Array(60).fill(0.1);
  const out = [
    ...ran(seededSmoothing({ seed: 7, weight: 1 / 7 }), [constant]).slice(6),
    ...ran(dynamicMean, [constant, 1 / 3]),
  ];
  expect(new Set(out)).toEqual(new Set([0.1]));
});
