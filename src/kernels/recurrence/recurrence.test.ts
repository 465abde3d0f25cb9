import * as fc from "fast-check";
import { expect, test } from "vitest";
import { expandingExponentialMean } from "./expanding-exponential-mean.ts";
import { exponentialMean } from "./exponential-mean.ts";

const value = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -100, max: 100, noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity) },
);
const series = fc.array(value, { minLength: 1, maxLength: 40 }).map((values) => Float64Array.from(values));

/** Rows that are not what the definition gives, as sentences. */
function differences(actual: ArrayLike<number>, expected: readonly number[]): string[] {
  return expected.flatMap((wanted, row) => {
    const found = actual[row]!;
    const close = !(Math.abs(found - wanted) > 1e-9 * (1 + Math.abs(wanted)));
    if (Number.isNaN(wanted) === Number.isNaN(found) && close) return [];
    return [`row ${row}: ${found}, by definition ${wanted}`];
  });
}

test("the exponential mean is the sum of weights (1−α)^age over the values there are", () => {
  fc.assert(
    fc.property(series, fc.double({ min: 0.02, max: 0.98, noNaN: true }), (x, alpha) => {
      const out = new Float64Array(x.length);
      exponentialMean(x, alpha, out);
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
      expect(differences(out, expected)).toEqual([]);
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
  const out = new Float64Array(50);
  exponentialMean(new Float64Array(50).fill(0.1), 0.3, out);
  expect(new Set(out)).toEqual(new Set([0.1]));
});
