import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rollingCount } from "../rolling/count.ts";
import { rollingMaximum, rollingMinimum } from "../rolling/extremes.ts";
import { rollingMean } from "../rolling/mean.ts";
import { rollingSum } from "../rolling/sum.ts";
import {
  expandingCount,
  expandingMaximum,
  expandingMean,
  expandingMinimum,
  expandingSum,
  firstValue,
} from "./expanding.ts";
import { expandingExponentialMean } from "./expanding-exponential-mean.ts";
import { exponentialMean } from "./exponential-mean.ts";
import { runRecurrence } from "./recurrence.ts";
import { differences, ran, resumedDifferently, series } from "./testing/series.ts";

test("the exponential mean is the sum of weights (1−α)^age over the values there are", () => {
  fc.assert(
    fc.property(series, fc.double({ min: 0.02, max: 0.98, noNaN: true }), (x, alpha) => {
      const expected = [...x].map((_, t) => {
        let weights = 0;
        let sum = 0;
        for (let j = 0; j <= t; j++) {
          if (!Number.isFinite(x[j]!)) continue;
          const weight = (1 - alpha) ** (t - j);
          weights += weight;
          sum += weight * x[j]!;
        }
        return weights === 0 ? Number.NaN : sum / weights;
      });
      expect(differences(ran(exponentialMean(alpha), [x]), expected)).toEqual([]);
    }),
  );
});

test("the expanding exponential mean is Qlib's sum over all rows so far", () => {
  fc.assert(
    fc.property(series, (x) => {
      const out = new Float64Array(x.length);
      expandingExponentialMean(x, out);
      const expected = [...x].map((_, t) => {
        const alpha = 1 - 2 / (1 + (t + 1));
        const ages = Array.from({ length: t + 1 }, (_unused, j) => alpha ** (t - j));
        const weights = ages.reduce((sum, weight) => sum + weight, 0);
        const valid = ages.flatMap((weight, j) =>
          Number.isFinite(x[j]!) ? [(weight / weights) * x[j]!] : [],
        );
        return valid.length === 0 ? Number.NaN : valid.reduce((sum, each) => sum + each, 0);
      });
      expect(differences(out, expected)).toEqual([]);
    }),
  );
});

test("a constant stays exactly what it is", () => {
  expect(new Set(ran(exponentialMean(0.3), [new Float64Array(50).fill(0.1)]))).toEqual(new Set([0.1]));
});

describe("everything so far", () => {
  const kernels = [
    ["sum", expandingSum, rollingSum],
    ["mean", expandingMean, rollingMean],
    ["count", expandingCount, rollingCount],
    ["maximum", expandingMaximum, rollingMaximum],
    ["minimum", expandingMinimum, rollingMinimum],
  ] as const;

  test.each(kernels)("the %s has the bits of the window that never ends", (_name, recurrence, rolling) => {
    fc.assert(
      fc.property(series, (x) => {
        const expected = new Float64Array(x.length);
        rolling(x, Number.POSITIVE_INFINITY, expected);
        expect([...ran(recurrence, [x])]).toEqual([...expected]);
      }),
    );
  });

  test("the first value is the first row's, be it missing", () => {
    fc.assert(
      fc.property(series, (x) => {
        expect([...ran(firstValue, [x])]).toEqual(Array.from(x, () => x[0]));
      }),
    );
  });
});

test("a number stands for a series of it", () => {
  const out = new Float64Array(3);
  runRecurrence(expandingSum, [2], out);
  expect([...out]).toEqual([2, 4, 6]);
});

test.each([
  ["exponential mean", exponentialMean(0.2)],
  ["sum", expandingSum],
  ["mean", expandingMean],
  ["count", expandingCount],
  ["maximum", expandingMaximum],
  ["first value", firstValue],
] as const)("the %s goes on from a stored state with the same bits", (_name, recurrence) => {
  fc.assert(
    fc.property(series, fc.nat(), (x, at) => {
      expect(resumedDifferently(recurrence, [x], at % x.length)).toEqual([]);
    }),
  );
});
