import { assert, property } from "fast-check";
import { expect, test } from "vitest";
import { grids } from "./grid-fixture.ts";
import { ordered } from "./grid.ts";
import type { Grid } from "./grid.ts";
import { averageRanks, dailyRanks, rankDayWithin } from "./ranks.ts";

/** The definition: one plus those below plus half of the other equals. */
function slowRank(grid: Grid, row: number, lane: number, counts: (lane: number) => boolean): number {
  const value = grid.values[row * grid.lanes + lane]!;
  if (!Number.isFinite(value) || !counts(lane)) return Number.NaN;
  let below = 0;
  let equal = 0;
  for (let other = 0; other < grid.lanes; other++) {
    const against = grid.values[row * grid.lanes + other]!;
    if (!Number.isFinite(against) || !counts(other)) continue;
    if (against < value) below++;
    else if (against === value) equal++;
  }
  return below + (equal + 1) / 2;
}

test("the order of a day is ascending and holds each finite lane once", () => {
  assert(
    property(grids(1), ([grid]) => {
      const { rows, lanes, values, order, counts } = ordered(grid!);
      for (let row = 0; row < rows; row++) {
        const day = [...order.subarray(row * lanes, row * lanes + counts[row]!)];
        const finite = Array.from({ length: lanes }, (_, lane) => lane).filter((lane) =>
          Number.isFinite(values[row * lanes + lane]!),
        );
        const expected = finite.sort((a, b) => values[row * lanes + a]! - values[row * lanes + b]! || a - b);
        expect(day).toEqual(expected);
      }
    }),
  );
});

test("a long day is sorted as JavaScript sorts it", () => {
  const values = Float64Array.from({ length: 1000 }, (_, k) => ((k * 7919) % 613) / 7);
  const { order } = ordered({ rows: 1, lanes: 1000, values });
  const expected = Array.from(values, (_, k) => k).sort((a, b) => values[a]! - values[b]! || a - b);
  expect([...order]).toEqual(expected);
});

test("ranks by the walk equal ranks by counting", () => {
  assert(
    property(grids(1), ([grid]) => {
      const ranks = dailyRanks(grid!).values;
      const slow = Float64Array.from(ranks, (_, cell) =>
        slowRank(grid!, Math.floor(cell / grid!.lanes), cell % grid!.lanes, () => true),
      );
      expect(ranks).toEqual(slow);
    }),
  );
});

test("ranks within another grid count only its present lanes", () => {
  assert(
    property(grids(2), ([grid, other]) => {
      const sorted = ordered(grid!);
      for (let row = 0; row < grid!.rows; row++) {
        const out = new Float64Array(grid!.lanes).fill(Number.NaN);
        const counted = rankDayWithin(sorted, other!, row, out);
        const inside = (lane: number) => Number.isFinite(other!.values[row * grid!.lanes + lane]!);
        const slow = Float64Array.from(out, (_, lane) => slowRank(grid!, row, lane, inside));
        expect(out).toEqual(slow);
        expect(counted).toBe(slow.filter((rank) => !Number.isNaN(rank)).length);
      }
    }),
  );
});

test("ties share their average rank", () => {
  expect([...averageRanks([3, 1, 3, 2])]).toEqual([3.5, 1, 3.5, 2]);
});
