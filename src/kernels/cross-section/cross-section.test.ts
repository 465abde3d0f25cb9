import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withinGroups, type SectionKernel } from "./group.ts";
import { countOf, demean, deviationOf, meanOf, scaleToUnit, standardise, sumOf } from "./moments.ts";
import { medianOf, winsorize } from "./order-statistics.ts";
import { rankBuckets, rankShares } from "./rank.ts";
import { regressionResiduals } from "./regression.ts";

const NAN = Number.NaN;
const INF = Number.POSITIVE_INFINITY;

const awkward = fc.constantFrom(NAN, INF, -INF, 0, -0, 1, 1, 2);
const section = (ordinary: fc.Arbitrary<number>): fc.Arbitrary<Float64Array> =>
  fc
    .array(fc.oneof({ weight: 3, arbitrary: ordinary }, { weight: 2, arbitrary: awkward }), { maxLength: 24 })
    .map((values) => Float64Array.from(values));
/** Ties are frequent, and sums of them exact. */
const wholes = section(fc.integer({ min: -9, max: 9 }));
/** Far from zero, close to each other: what a sum of squares gets wrong. */
const distant = section(fc.integer({ min: 1_000_000_000, max: 1_000_000_050 }));

/** The last digits of a double apart: a sum of them is rounded by more than they differ. */
const adjacent = section(fc.integer({ min: 2 ** 52, max: 2 ** 52 + 5 }));

function filled(x: Float64Array, kernel: (x: Float64Array, out: Float64Array) => void): number[] {
  const out = new Float64Array(x.length).fill(12_345);
  kernel(x, out);
  return [...out];
}

const finite = (x: Iterable<number>): number[] => [...x].filter(Number.isFinite);
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Σx and Σ(x−x̄)² of whole numbers as exact fractions over n. */
function exactMoments(values: readonly number[]): {
  readonly n: number;
  readonly mean: number;
  readonly squares: number;
} {
  const n = BigInt(values.length);
  const sum = values.reduce((all, value) => all + BigInt(value), 0n);
  const deviations = values.map((value) => BigInt(value) * n - sum);
  const squares = deviations.reduce((all, deviation) => all + deviation * deviation, 0n);
  return {
    n: values.length,
    mean: Number(sum) / values.length,
    squares: Number(squares) / values.length ** 2,
  };
}

/** Places where numbers differ by more than 1e-13 of their size (`scale` at least), or one of them is NaN. */
function farOff(found: readonly number[], expected: readonly number[], scale = 1): readonly unknown[] {
  return expected.flatMap((value, at) => {
    const one = found[at] ?? Number.POSITIVE_INFINITY;
    const near = Math.abs(one - value) <= 1e-13 * Math.max(scale, Math.abs(value));
    return near || (Number.isNaN(one) && Number.isNaN(value)) ? [] : [{ at, found: one, expected: value }];
  });
}

function place(x: Float64Array, value: number): { readonly place: number; readonly n: number } {
  const valid = [...x].filter((each) => !Number.isNaN(each));
  const below = valid.filter((each) => each < value).length;
  const equal = valid.filter((each) => each === value).length;
  return { place: below + (equal + 1) / 2, n: valid.length };
}

describe("ranks", () => {
  test("are the share of valid values not above, ties averaged", () => {
    fc.assert(
      fc.property(wholes, (x) => {
        const slow = Array.from(x, (value) =>
          Number.isNaN(value) ? NAN : place(x, value).place / place(x, value).n,
        );
        expect(filled(x, rankShares)).toEqual(slow);
      }),
    );
    expect(filled(Float64Array.of(5, NAN, -INF, 7, 7, INF), rankShares)).toEqual([
      0.4,
      NAN,
      0.2,
      0.7,
      0.7,
      1,
    ]);
    expect(filled(Float64Array.of(3), rankShares)).toEqual([1]);
  });

  test("take −0 and 0 as one value", () => {
    expect(filled(Float64Array.of(-0, 0, -1), rankShares)).toEqual([2.5 / 3, 2.5 / 3, 1 / 3]);
  });

  test("in buckets are the place over n times the number of buckets, rounded up", () => {
    fc.assert(
      fc.property(wholes, fc.integer({ min: 2, max: 12 }), (x, buckets) => {
        const slow = Array.from(x, (value) => {
          if (Number.isNaN(value)) return NAN;
          let bucket = 1;
          // Whole halves: both sides are exact.
          while (bucket * place(x, value).n < place(x, value).place * buckets) bucket++;
          return bucket;
        });
        expect(filled(x, (values, out) => rankBuckets(values, buckets, out))).toEqual(slow);
      }),
    );
  });

  test.each([2, 3, 7, 10, 20, 100])("in %i buckets are equally many when nothing is tied", (buckets) => {
    const x = Float64Array.from({ length: buckets * 13 }, (_, at) => (at * 7919) % (buckets * 13));
    const sizes = Map.groupBy(
      filled(x, (values, out) => rankBuckets(values, buckets, out)),
      (bucket) => bucket,
    );
    expect([...sizes.keys()].sort((a, b) => a - b)).toEqual(
      Array.from({ length: buckets }, (_, at) => at + 1),
    );
    expect(new Set([...sizes.values()].map(({ length }) => length))).toEqual(new Set([13]));
  });
});

describe.each([
  ["small whole numbers", wholes],
  ["numbers around a thousand million", distant],
  ["neighbours", adjacent],
])("of %s", (_, sections) => {
  test("mean, deviation, sum and count are those of the finite values, to the last digits", () => {
    fc.assert(
      fc.property(sections, (x) => {
        const values = finite(x);
        const { n, mean, squares } = exactMoments(values);
        expect(countOf(x)).toBe(n);
        expect(sumOf(x)).toEqual(n === 0 ? NAN : total(values));
        expect(farOff([meanOf(x)], [mean])).toEqual([]);
        const deviation = n < 2 ? NAN : Math.sqrt(squares / (n - 1));
        expect(farOff([deviationOf(x)], [deviation], 0)).toEqual([]);
      }),
    );
  });

  test("differences from the mean and z-scores are too, NaN where the value is not finite", () => {
    fc.assert(
      fc.property(sections, (x) => {
        const values = finite(x);
        const { n, squares } = exactMoments(values);
        const sum = values.reduce((all, value) => all + BigInt(value), 0n);
        const demeaned = Array.from(x, (value) =>
          Number.isFinite(value) ? Number(BigInt(value) * BigInt(n) - sum) / n : NAN,
        );
        const scale = Math.max(...finite(demeaned).map(Math.abs), 0);
        expect(farOff(filled(x, demean), demeaned, scale)).toEqual([]);
        const deviation = Math.sqrt(squares / (n - 1));
        const scores = demeaned.map((value) => (deviation > 0 ? value / deviation : NAN));
        expect(farOff(filled(x, standardise), scores, 1)).toEqual([]);
      }),
    );
  });

  test("the median and the bounds of winsorizing are linear quantiles of the finite values", () => {
    fc.assert(
      fc.property(sections, fc.constantFrom(0, 0.01, 0.1, 0.25, 0.5), (x, share) => {
        const sorted = finite(x).sort((a, b) => a - b);
        const quantile = (q: number): number => {
          const at = q * (sorted.length - 1);
          const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
          return below * (1 - (at % 1)) + above * (at % 1);
        };
        expect(farOff([medianOf(x)], [sorted.length === 0 ? NAN : quantile(0.5)])).toEqual([]);
        const slow = Array.from(x, (value) =>
          sorted.length === 0 || Number.isNaN(value)
            ? NAN
            : Math.min(Math.max(value, quantile(share)), quantile(1 - share)),
        );
        expect(
          farOff(
            filled(x, (values, out) => winsorize(values, share, out)),
            slow,
          ),
        ).toEqual([]);
      }),
    );
  });
});

describe("equal values", () => {
  const same = Float64Array.of(0.1, NAN, 0.1, 0.1);
  test("differ from their mean by exactly nothing and have no z-score", () => {
    expect(filled(same, demean)).toEqual([0, NAN, 0, 0]);
    expect(deviationOf(same)).toBe(0);
    expect(filled(same, standardise)).toEqual([NAN, NAN, NAN, NAN]);
    expect(filled(Float64Array.of(4, INF), standardise)).toEqual([NAN, NAN]);
  });

  test("have no spread whatever they are and however many", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e12, max: 1e12, noNaN: true }),
        fc.oneof(fc.integer({ min: 2, max: 60 }), fc.integer({ min: 3000, max: 6000 })),
        (value, count) => {
          const x = new Float64Array(count).fill(value);
          const differences = new Set(filled(x, demean));
          expect([deviationOf(x), meanOf(x), differences]).toEqual([0, value + 0, new Set([0])]);
          // The slope of a line over a single x is none.
          const out = new Float64Array(count);
          regressionResiduals(
            Float64Array.from(x, (_, at) => at),
            x,
            out,
          );
          expect([out[0], out[count - 1]]).toEqual([(1 - count) / 2, (count - 1) / 2]);
        },
      ),
    );
  });

  test("all zero cannot be scaled", () => {
    expect(filled(Float64Array.of(0, -0, NAN), scaleToUnit)).toEqual([NAN, NAN, NAN]);
  });
});

test("scaled values keep their proportions and their absolute values sum to one", () => {
  expect(filled(Float64Array.of(1, -3, NAN, INF, 4), scaleToUnit)).toEqual([0.125, -0.375, NAN, NAN, 0.5]);
  fc.assert(
    fc.property(wholes, (x) => {
      const size = total(finite(x).map(Math.abs));
      expect(filled(x, scaleToUnit)).toEqual(
        Array.from(x, (value) => (Number.isFinite(value) ? value / size : NAN)),
      );
    }),
  );
});

describe("regression residuals", () => {
  const pairs = fc.array(fc.tuple(...[0, 1].map(() => fc.oneof(fc.integer({ min: -9, max: 9 }), awkward))), {
    maxLength: 16,
  });

  test("solve the normal equations over the pairs that are finite in both", () => {
    fc.assert(
      fc.property(pairs, (each) => {
        const y = Float64Array.from(each, ([one]) => one!);
        const x = Float64Array.from(each, ([, other]) => other!);
        const kept = each.filter((pair) => pair.every(Number.isFinite));
        const n = kept.length;
        const [sumY, sumX] = [total(kept.map(([one]) => one!)), total(kept.map(([, other]) => other!))];
        const sumXX = total(kept.map(([, other]) => other! * other!));
        const sumXY = total(kept.map(([one, other]) => one! * other!));
        const spread = n * sumXX - sumX * sumX;
        const slope = spread === 0 ? 0 : (n * sumXY - sumX * sumY) / spread;
        const slow = each.map(([one, other]) =>
          Number.isFinite(one) && Number.isFinite(other)
            ? one! - (sumY - slope * sumX) / n - slope * other!
            : NAN,
        );
        const out = new Float64Array(each.length);
        regressionResiduals(y, x, out);
        expect(farOff([...out], slow, 100)).toEqual([]);
      }),
    );
  });

  test("are left of a straight line as exactly nothing where the mean is exact", () => {
    const out = new Float64Array(5);
    regressionResiduals(Float64Array.of(1, 3, 5, 7, 9), Float64Array.of(0, 1, 2, 3, 4), out);
    expect([...out]).toEqual([0, 0, 0, 0, 0]);
  });
});

const scores: SectionKernel = ([x], out) => standardise(x!, out);

describe("within groups", () => {
  test("every group is a section of its own, in the order in which it stands", () => {
    const coded = fc.array(
      fc.tuple(fc.oneof(fc.integer({ min: -9, max: 9 }), awkward), fc.constantFrom(NAN, INF, 0, -0, 1, 1.5)),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(coded, (each) => {
        const codes = each.map(([, code]) => code);
        const slow = each.map(() => NAN);
        for (const code of new Set(codes)) {
          if (!Number.isFinite(code)) continue;
          const members = each.flatMap(([, other], at) => (other === code ? [at] : []));
          const results = filled(
            Float64Array.from(members, (at) => each[at]![0]),
            standardise,
          );
          for (const [index, at] of members.entries()) slow[at] = results[index]!;
        }
        const out = new Float64Array(each.length).fill(7);
        withinGroups(scores, [Float64Array.from(each, ([value]) => value)], Float64Array.from(codes), out);
        expect([...out]).toEqual(slow);
      }),
    );
  });

  test("a regression has a line of its own in each", () => {
    const out = new Float64Array(5);
    withinGroups(
      ([y, x], each) => regressionResiduals(y!, x!, each),
      [Float64Array.of(1, 10, 2, 8, 3), Float64Array.of(1, 1, 2, 2, 3)],
      Float64Array.of(0, 9, 0, 9, NAN),
      out,
    );
    expect([...out]).toEqual([0, 0, 0, 0, NAN]);
  });
});
