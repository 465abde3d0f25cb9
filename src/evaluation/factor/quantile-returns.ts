/**
 * What each bucket earned: per day the mean label of its members, then the mean over days.
 * After alphalens' `mean_return_by_quantile`: over all days each day weighs the same, and the standard error is that
 * of the daily means, std(n − 1)/√days. Pass a demeaned label for returns relative to the day or the group.
 */
import { requireSameShape } from "./grid.ts";
import type { Grid } from "./grid.ts";
import type { GroupGrid } from "./groups.ts";
import type { Buckets } from "./quantiles.ts";
import { meanOf, seriesStatistics, standardDeviation } from "./series-statistics.ts";
import type { SeriesStatistics } from "./series-statistics.ts";
import { averageRanks } from "./ranks.ts";
import { pearson } from "./pearson.ts";

/** `mean[row * size + bucket − 1]`, likewise the others; NaN where a bucket has no label. */
export interface QuantileReturns {
  readonly rows: number;
  readonly size: number;
  readonly mean: Float64Array;
  /** Cross-sectional std(n − 1)/√n of the day. */
  readonly error: Float64Array;
  readonly count: Int32Array;
}

/** Mean over days of one bucket. */
export interface BucketMean {
  readonly mean: number;
  readonly std: number;
  readonly error: number;
  readonly days: number;
}

/** Per day and bucket. With `group` only that group's instruments count. Throws `RangeError` on different shapes. */
export function quantileReturns(
  buckets: Buckets,
  label: Grid,
  options: { readonly groups?: GroupGrid; readonly group?: string } = {},
): QuantileReturns {
  requireSameShape({ ...buckets, values: label.values }, label);
  const { rows, lanes, size } = buckets;
  const chosen =
    options.groups === undefined ? buckets.values : membersOf(buckets, options.groups, options.group);
  const sum = new Float64Array(rows * size);
  const squares = new Float64Array(rows * size);
  const count = new Int32Array(rows * size);
  const mean = new Float64Array(rows * size);
  const present = label.values;
  for (let row = 0; row < rows; row++) {
    const base = row * size - 1;
    for (let cell = row * lanes; cell < (row + 1) * lanes; cell++) {
      const bucket = chosen[cell]!;
      const value = present[cell]!;
      if (bucket === 0 || !Number.isFinite(value)) continue;
      sum[base + bucket]! += value;
      count[base + bucket]!++;
    }
    for (let slot = row * size; slot < (row + 1) * size; slot++) mean[slot] = sum[slot]! / count[slot]!;
    for (let cell = row * lanes; cell < (row + 1) * lanes; cell++) {
      const bucket = chosen[cell]!;
      const value = present[cell]!;
      if (bucket === 0 || !Number.isFinite(value)) continue;
      const deviation = value - mean[base + bucket]!;
      squares[base + bucket]! += deviation * deviation;
    }
  }
  const error = squares.map((value, slot) =>
    count[slot]! < 2 ? Number.NaN : Math.sqrt(value / (count[slot]! - 1) / count[slot]!),
  );
  return { rows, size, mean, error, count };
}

/** The buckets of one group's instruments, 0 for the others. */
function membersOf(buckets: Buckets, groups: GroupGrid, group: string | undefined): Uint8Array {
  const wanted = groups.names.indexOf(group ?? "");
  if (wanted < 0) throw new RangeError(`no group ${group ?? "named"}`);
  return buckets.values.map((bucket, cell) => (groups.index[cell] === wanted ? bucket : 0));
}

/** The same with each day's universe mean taken off: equal to the returns of a demeaned label, without a second pass. */
export function lessUniverse(returns: QuantileReturns, universe: ArrayLike<number>): QuantileReturns {
  const mean = returns.mean.map((value, slot) => value - universe[Math.floor(slot / returns.size)]!);
  return { ...returns, mean };
}

/** The daily series of one bucket (1…size). */
export function bucketSeries(returns: QuantileReturns, bucket: number): Float64Array {
  if (!(bucket >= 1 && bucket <= returns.size)) {
    throw new RangeError(`bucket ${bucket} of ${returns.size}`);
  }
  return Float64Array.from(
    { length: returns.rows },
    (_, row) => returns.mean[row * returns.size + bucket - 1]!,
  );
}

/** Mean over days of each bucket, lowest first. */
export function bucketMeans(returns: QuantileReturns): BucketMean[] {
  return Array.from({ length: returns.size }, (_, index) => {
    const series = bucketSeries(returns, index + 1);
    const days = series.filter((value) => !Number.isNaN(value)).length;
    const std = standardDeviation(series);
    return { mean: meanOf(series), std, error: std / Math.sqrt(days), days };
  });
}

export interface Spread {
  /** Upper minus lower bucket of each day. */
  readonly values: Float64Array;
  /** √(error² + error²) of the two buckets. */
  readonly error: Float64Array;
  readonly statistics: SeriesStatistics;
}

/** Upper minus lower bucket (default top − bottom): alphalens' `compute_mean_returns_spread`. */
export function spreadOf(
  returns: QuantileReturns,
  options: { readonly upper?: number; readonly lower?: number; readonly lag?: number } = {},
): Spread {
  const { upper = returns.size, lower = 1 } = options;
  const high = bucketSeries(returns, upper);
  const low = bucketSeries(returns, lower);
  const values = high.map((value, row) => value - low[row]!);
  const error = values.map((_, row) =>
    Math.hypot(
      returns.error[row * returns.size + upper - 1]!,
      returns.error[row * returns.size + lower - 1]!,
    ),
  );
  const statistics = seriesStatistics(values, options.lag === undefined ? {} : { lag: options.lag });
  return { values, error, statistics };
}

/** Spearman correlation of bucket number and mean return: 1 rises at every step, −1 falls. NaN with an empty bucket. */
export function monotonicity(means: readonly BucketMean[]): number {
  const values = means.map((bucket) => bucket.mean);
  if (values.some((value) => Number.isNaN(value))) return Number.NaN;
  return pearson(
    averageRanks(values),
    values.map((_, k) => k + 1),
    values.length,
  );
}
