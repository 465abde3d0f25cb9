/** Stability of a factor's ranking: correlation of today's ranks with those `period` rows ago. */
import type { Grid } from "./grid.ts";
import { pearson } from "./pearson.ts";
import { dailyRanks } from "./ranks.ts";

/**
 * Pearson correlation of the two days' average ranks over the instruments present on both; ranks are taken over all
 * present instruments of their own day. alphalens' `factor_rank_autocorrelation`, Qlib's `pred_autocorr(rank=True)`.
 */
export function rankAutocorrelation(
  factor: Grid,
  period = 1,
  ranks: Grid = dailyRanks(factor),
): Float64Array {
  const { rows, lanes } = ranks;
  const result = new Float64Array(rows).fill(Number.NaN);
  const x = new Float64Array(lanes);
  const y = new Float64Array(lanes);
  for (let row = period; row < rows; row++) {
    let count = 0;
    for (let lane = 0; lane < lanes; lane++) {
      const now = ranks.values[row * lanes + lane]!;
      const before = ranks.values[(row - period) * lanes + lane]!;
      if (Number.isNaN(now) || Number.isNaN(before)) continue;
      x[count] = now;
      y[count++] = before;
    }
    result[row] = pearson(x, y, count);
  }
  return result;
}
