/** Small grids for this folder's tests. */
import { array, constantFrom, double, oneof, tuple, integer } from "fast-check";
import type { Arbitrary } from "fast-check";
import type { Grid } from "./grid.ts";

/** One array per day. */
export function gridFrom(days: readonly (readonly number[])[]): Grid {
  return { rows: days.length, lanes: days[0]?.length ?? 0, values: Float64Array.from(days.flat()) };
}

/** Values with ties, holes and infinities among them. */
const cell: Arbitrary<number> = oneof(
  {
    weight: 6,
    arbitrary: double({ min: -10, max: 10, noNaN: true }).map((value) => Math.round(value * 8) / 8),
  },
  { weight: 3, arbitrary: integer({ min: -10_000_000, max: 10_000_000 }).map((value) => value / 999_983) },
  { weight: 1, arbitrary: constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
);

/** `count` grids of one shape. */
export function grids(count: number, lanes = 24): Arbitrary<Grid[]> {
  return tuple(integer({ min: 1, max: 6 }), integer({ min: 2, max: lanes })).chain(([rows, width]) =>
    array(
      array(cell, { minLength: rows * width, maxLength: rows * width }).map((values) => ({
        rows,
        lanes: width,
        values: Float64Array.from(values),
      })),
      { minLength: count, maxLength: count },
    ),
  );
}

/** A repeatable stream of numbers in [0, 1): mulberry32. */
export function stream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
