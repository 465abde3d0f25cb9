/**
 * Average net value around the day on which an instrument stood in a bucket: alphalens'
 * `average_cumulative_return_by_quantile`. Shows what happened before (is the factor chasing a move?) and how the
 * return builds up afterwards. For study only: the rows before and after use values of all days.
 */
import type { Grid } from "./grid.ts";
import type { GroupGrid } from "./groups.ts";
import type { Buckets } from "./quantiles.ts";

export interface EventStudyOptions {
  /** Rows before the day. Default 10. */
  readonly before?: number;
  /** Rows after it. Default 15. */
  readonly after?: number;
  /** Subtract the mean of all bucketed instruments of the day (or of the day and group). Default true. */
  readonly demeaned?: boolean;
  /** With `group`: events of this group only. With `demeaned`, the mean is still that of all bucketed instruments unless `neutral`. */
  readonly groups?: GroupGrid;
  readonly group?: string;
  /** Demean within `group` instead of within the day. Default false. */
  readonly neutral?: boolean;
}

export interface EventStudy {
  /** −before … after. */
  readonly offsets: Int32Array;
  /** `mean[(bucket − 1) * offsets.length + k]`: mean over days of the day's mean. */
  readonly mean: Float64Array;
  /** Sample standard deviation over days. */
  readonly std: Float64Array;
}

/** `netValues` may have more rows than the buckets; row k of both is the same day. */
export function eventStudy(buckets: Buckets, netValues: Grid, options: EventStudyOptions = {}): EventStudy {
  const { before = 10, after = 15, demeaned = true, groups, neutral = false } = options;
  const width = before + after + 1;
  const wanted = groups === undefined ? -1 : groups.names.indexOf(options.group ?? "");
  const { rows, lanes, size } = buckets;
  const series = Array.from({ length: size * width }, () => [] as number[]);
  for (let row = 0; row < rows; row++) {
    const base: number[] = [];
    const members = Array.from({ length: size }, () => [] as number[]);
    for (let lane = 0; lane < lanes; lane++) {
      const bucket = buckets.values[row * lanes + lane]!;
      if (bucket === 0) continue;
      const inside = wanted < 0 || groups!.index[row * lanes + lane] === wanted;
      if (inside) members[bucket - 1]!.push(lane);
      if (inside || !neutral) base.push(lane);
    }
    for (let k = 0; k < width; k++) {
      const at = row + k - before;
      if (at < 0 || at >= netValues.rows) continue;
      const offset = demeaned ? meanAt(netValues, at, base) : 0;
      for (let bucket = 0; bucket < size; bucket++) {
        const value = meanAt(netValues, at, members[bucket]!) - offset;
        if (Number.isFinite(value)) series[bucket * width + k]!.push(value);
      }
    }
  }
  const mean = Float64Array.from(series, (values) => sumOf(values) / values.length);
  const std = Float64Array.from(series, (values, k) =>
    values.length < 2
      ? Number.NaN
      : Math.sqrt(sumOf(values.map((value) => (value - mean[k]!) ** 2)) / (values.length - 1)),
  );
  return { offsets: Int32Array.from({ length: width }, (_, k) => k - before), mean, std };
}

function meanAt(grid: Grid, row: number, lanes: readonly number[]): number {
  let sum = 0;
  let count = 0;
  for (const lane of lanes) {
    const value = grid.values[row * grid.lanes + lane]!;
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return sum / count;
}

function sumOf(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
