import { assert, integer, property } from "fast-check";
import { expect, test } from "vitest";
import { gridFrom, grids } from "./grid-fixture.ts";
import { quantileBuckets, quantileEdges } from "./quantiles.ts";

const NaNs = Number.NaN;
const bucketsOf = (values: readonly number[], options = {}) => [
  ...quantileBuckets(gridFrom([values]), options).values,
];

test("equal shares of distinct values, closed on the right", () => {
  expect(bucketsOf([5, 1, 4, 2, 3, 6, NaNs], { quantiles: 3 })).toEqual([3, 1, 2, 1, 2, 3, 0]);
  expect(bucketsOf([1, 2, 3, 4, 5], { quantiles: 2 })).toEqual([1, 1, 1, 2, 2]);
});

test("edges interpolate linearly", () => {
  expect(quantileEdges([1, 2, 4, 8], [0, 0.25, 0.5, 1])).toEqual([1, 1.75, 3, 8]);
});

test("ties fall together; equal edges leave a bucket empty or skip the day", () => {
  const values = [1, 1, 1, 1, 2, 3];
  expect(bucketsOf(values, { quantiles: 3 })).toEqual([1, 1, 1, 1, 3, 3]);
  expect(bucketsOf(values, { quantiles: 3, ties: "skip" })).toEqual([0, 0, 0, 0, 0, 0]);
  expect(quantileBuckets(gridFrom([values, [1, 2, 3, 4, 5, 6]]), { quantiles: 3 }).tiedDays).toBe(1);
});

test("custom edges, equal widths and fixed bins", () => {
  const values = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  expect(bucketsOf(values, { quantiles: [0.1, 0.5, 1] })).toEqual([0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
  expect(bucketsOf([0, 1, 9, 10], { bins: 2 })).toEqual([1, 1, 2, 2]);
  expect(bucketsOf([-1, 0, 0.5, 2], { bins: [0, 1, 2] })).toEqual([0, 0, 1, 2]);
});

test("zero-aware buckets never mix signs", () => {
  expect(bucketsOf([-4, -3, -2, -1, 0, 1, 2, 3], { quantiles: 4, zeroAware: true })).toEqual([
    1, 1, 2, 2, 3, 3, 4, 4,
  ]);
});

test("senseless requests are refused", () => {
  const grid = gridFrom([[1, 2]]);
  expect(() => quantileBuckets(grid, { quantiles: 0 })).toThrow(/0 buckets/);
  expect(() => quantileBuckets(grid, { quantiles: [0, 0.5, 0.5] })).toThrow(/do not ascend/);
  expect(() => quantileBuckets(grid, { quantiles: [0, 2] })).toThrow(/do not lie in 0…1/);
  expect(() => quantileBuckets(grid, { quantiles: 3, zeroAware: true })).toThrow(/even number/);
  expect(() => quantileBuckets(grid, { quantiles: 3, bins: 3 })).toThrow(/not both/);
});

test("a higher value is never in a lower bucket, and each present value is in one", () => {
  assert(
    property(grids(1), integer({ min: 1, max: 10 }), ([grid], quantiles) => {
      const buckets = quantileBuckets(grid!, { quantiles });
      for (let row = 0; row < grid!.rows; row++) {
        const day = Array.from({ length: grid!.lanes }, (_, lane) => ({
          value: grid!.values[row * grid!.lanes + lane]!,
          bucket: buckets.values[row * grid!.lanes + lane]!,
        }));
        const present = day
          .filter(({ value }) => Number.isFinite(value))
          .toSorted((a, b) => a.value - b.value);
        const numbers = present.map(({ bucket }) => bucket);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
        expect(numbers.every((bucket) => bucket >= 1 && bucket <= quantiles)).toBe(true);
        expect(day.filter(({ bucket }) => bucket > 0)).toHaveLength(present.length);
      }
    }),
  );
});

test("the bucket is the count of edges strictly below, counted one by one", () => {
  assert(
    property(grids(1), integer({ min: 2, max: 7 }), ([grid], quantiles) => {
      const buckets = quantileBuckets(grid!, { quantiles });
      for (let row = 0; row < grid!.rows; row++) {
        const day = [...grid!.values.subarray(row * grid!.lanes, (row + 1) * grid!.lanes)];
        const sorted = day.filter(Number.isFinite).toSorted((a, b) => a - b);
        const step = 1 / quantiles;
        const edges = quantileEdges(
          sorted,
          Array.from({ length: quantiles + 1 }, (_, k) => (k === quantiles ? 1 : k * step)),
        );
        const slow = day.map((value) =>
          Number.isFinite(value) ? Math.max(1, edges.filter((edge) => edge < value).length) : 0,
        );
        expect([...buckets.values.subarray(row * grid!.lanes, (row + 1) * grid!.lanes)]).toEqual(slow);
      }
    }),
  );
});
