/** How much of a bucket is new. alphalens' `quantile_turnover`: names that were not in it `period` rows ago ÷ names today. */
import type { Buckets } from "./quantiles.ts";

/** One share per row; NaN where the bucket is empty today or was `period` rows ago. */
export function bucketTurnover(buckets: Buckets, bucket: number, period = 1): Float64Array {
  const { rows, lanes, values } = buckets;
  const result = new Float64Array(rows).fill(Number.NaN);
  for (let row = period; row < rows; row++) {
    let today = 0;
    let before = 0;
    let fresh = 0;
    for (let lane = 0; lane < lanes; lane++) {
      const is = values[row * lanes + lane] === bucket;
      const was = values[(row - period) * lanes + lane] === bucket;
      if (was) before++;
      if (is) today++;
      if (is && !was) fresh++;
    }
    if (today > 0 && before > 0) result[row] = fresh / today;
  }
  return result;
}
