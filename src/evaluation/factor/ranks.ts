/** Average ranks (1-based; ties share their mean) by a walk along an already sorted order. */
import { ordered } from "./grid.ts";
import type { Grid, OrderedGrid } from "./grid.ts";

/**
 * Ranks of one day within the lanes for which `others` is present, into `out[lane]`; other lanes keep what they
 * held. Returns how many were ranked. O(lanes): no sorting.
 */
export function rankDayWithin(grid: OrderedGrid, others: Grid, row: number, out: Float64Array): number {
  const { lanes, values, order } = grid;
  const offset = row * lanes;
  const count = grid.counts[row]!;
  let ranked = 0;
  let runStart = 0;
  let runValue = Number.NaN;
  let position = 0;
  const run = runScratch(lanes);
  const close = () => {
    const rank = ranked - (runStart - 1) / 2;
    for (let k = 0; k < runStart; k++) out[run[k]!] = rank;
  };
  for (; position < count; position++) {
    const lane = order[offset + position]!;
    if (!Number.isFinite(others.values[offset + lane]!)) continue;
    const value = values[offset + lane]!;
    if (value !== runValue && runStart > 0) {
      close();
      runStart = 0;
    }
    runValue = value;
    run[runStart++] = lane;
    ranked++;
  }
  if (runStart > 0) close();
  return ranked;
}

let scratch = new Uint32Array(0);
function runScratch(lanes: number): Uint32Array {
  if (scratch.length < lanes) scratch = new Uint32Array(lanes);
  return scratch;
}

/** Average ranks of every day over all its present values; missing stays NaN. */
export function dailyRanks(grid: Grid): Grid {
  const sorted = ordered(grid);
  const values = new Float64Array(grid.rows * grid.lanes).fill(Number.NaN);
  for (let row = 0; row < grid.rows; row++) {
    rankDayWithin(sorted, sorted, row, values.subarray(row * grid.lanes, (row + 1) * grid.lanes));
  }
  return { rows: grid.rows, lanes: grid.lanes, values };
}

/** Average ranks of a plain list without missing values. */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  return dailyRanks({ rows: 1, lanes: values.length, values: Float64Array.from(values) })
    .values as Float64Array;
}
