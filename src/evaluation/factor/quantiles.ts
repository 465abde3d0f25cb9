/**
 * Daily buckets of instruments by factor value. With `quantiles` the edges are linearly interpolated quantiles of
 * the day's values and each bucket is closed on the right (pandas' `qcut`, alphalens' `quantize_factor`); with `bins`
 * they are equally wide (`cut`). Buckets are numbered from 1 (lowest factor); 0 means none.
 * Ties fall together. Where they make two edges equal, `empty` leaves the upper bucket empty and `skip` leaves
 * the whole day (or day and group) without buckets, as alphalens does.
 */
import { ordered } from "./grid.ts";
import type { Grid } from "./grid.ts";
import type { GroupGrid } from "./groups.ts";

export interface QuantileOptions {
  /** Number of quantiles, or their edges as ascending probabilities (values outside are in no bucket). Default 5. */
  readonly quantiles?: number | readonly number[];
  /** Number of equally wide bins, or their edges; instead of quantiles. */
  readonly bins?: number | readonly number[];
  /** Buckets inside each group of each day. */
  readonly groups?: GroupGrid;
  /** Halves the buckets between the negative and the non-negative values. */
  readonly zeroAware?: boolean;
  /** Default `empty`. */
  readonly ties?: "empty" | "skip";
}

export interface Buckets {
  readonly rows: number;
  readonly lanes: number;
  /** Number of buckets. */
  readonly size: number;
  /** `values[row * lanes + lane]`: 1…size, or 0 for none. */
  readonly values: Uint8Array;
  /** Days (or day-groups) on which equal edges left a bucket empty or were skipped. */
  readonly tiedDays: number;
}

/** Throws `RangeError` on both or senseless `quantiles`/`bins`, and on an odd number with `zeroAware`. */
export function quantileBuckets(factor: Grid, options: QuantileOptions = {}): Buckets {
  const cut = cutterOf(options);
  const { groups, ties = "empty" } = options;
  const { rows, lanes, values, order, counts } = ordered(factor);
  const result = new Uint8Array(rows * lanes);
  const groupCount = groups?.names.length ?? 1;
  const members = new Float64Array(lanes);
  const memberLanes = new Uint32Array(lanes);
  let tiedDays = 0;
  for (let row = 0; row < rows; row++) {
    const offset = row * lanes;
    for (let group = 0; group < groupCount; group++) {
      let count = 0;
      for (let k = 0; k < counts[row]!; k++) {
        const lane = order[offset + k]!;
        if (groups !== undefined && groups.index[offset + lane] !== group) continue;
        members[count] = values[offset + lane]!;
        memberLanes[count++] = lane;
      }
      if (count === 0) continue;
      const day = members.subarray(0, count);
      const slices = cut.slices(day);
      if (slices.some((slice) => slice.tied)) {
        tiedDays++;
        if (ties === "skip") continue;
      }
      for (const { from, to, edges, base, lowestIncluded } of slices) {
        let bucket = 0;
        for (let k = from; k < to; k++) {
          const value = day[k]!;
          while (bucket < edges.length && edges[bucket]! < value) bucket++;
          const placed = lowestIncluded && value === edges[0] ? 1 : bucket;
          if (placed > 0 && placed < edges.length) result[offset + memberLanes[k]!] = base + placed;
        }
      }
    }
  }
  return { rows, lanes, size: cut.size, values: result, tiedDays };
}

/** Edges for `day[from, to)`; its buckets are `base + 1`, `base + 2`, … */
interface Slice {
  readonly from: number;
  readonly to: number;
  readonly edges: readonly number[];
  readonly base: number;
  readonly lowestIncluded: boolean;
  readonly tied: boolean;
}

interface Cutter {
  readonly size: number;
  slices(day: Float64Array): Slice[];
}

function cutterOf(options: QuantileOptions): Cutter {
  const { bins, zeroAware = false } = options;
  if (bins !== undefined && options.quantiles !== undefined) {
    throw new RangeError("give quantiles or bins, not both");
  }
  const spec = bins ?? options.quantiles ?? 5;
  const size = typeof spec === "number" ? spec : spec.length - 1;
  if (!Number.isInteger(size) || size < 1 || size > 255) {
    throw new RangeError(`${size} buckets; between 1 and 255 are supported`);
  }
  if (typeof spec !== "number" && spec.some((edge, k) => k > 0 && !(edge > spec[k - 1]!))) {
    throw new RangeError(`bucket edges ${spec.join(", ")} do not ascend`);
  }
  if (bins === undefined && typeof spec !== "number" && !(spec[0]! >= 0 && spec[size]! <= 1)) {
    throw new RangeError(`quantile edges ${spec.join(", ")} do not lie in 0…1`);
  }
  if (zeroAware && (typeof spec !== "number" || size % 2 !== 0)) {
    throw new RangeError("zeroAware needs an even number of quantiles or bins");
  }
  const edgesFor = (values: Float64Array, buckets: number) => {
    if (bins === undefined) {
      return quantileEdges(values, typeof spec === "number" ? evenly(buckets) : spec);
    }
    return typeof bins === "number" ? equalWidthEdges(values, buckets) : bins;
  };
  const slice = (
    day: Float64Array,
    [from, to]: readonly [number, number],
    [base, buckets]: readonly [number, number],
  ) => {
    const values = day.subarray(from, to);
    const edges = values.length === 0 ? [] : edgesFor(values, buckets);
    const tied = values.length === 0 || edges.some((edge, k) => k > 0 && edge === edges[k - 1]);
    return { from, to, edges, base, lowestIncluded: bins === undefined, tied };
  };
  if (!zeroAware) return { size, slices: (day) => [slice(day, [0, day.length], [0, size])] };
  return {
    size,
    slices: (day) => {
      let zero = 0;
      while (zero < day.length && day[zero]! < 0) zero++;
      return [slice(day, [0, zero], [0, size / 2]), slice(day, [zero, day.length], [size / 2, size / 2])];
    },
  };
}

/** 0, 1/n, …, 1 with the rounding of numpy's `linspace`. */
function evenly(n: number): number[] {
  const step = 1 / n;
  return Array.from({ length: n + 1 }, (_, k) => (k === n ? 1 : k * step));
}

/** Linear-interpolation quantiles of ascending values: numpy's `quantile`, rounding included. */
export function quantileEdges(sorted: ArrayLike<number>, probabilities: readonly number[]): number[] {
  const last = sorted.length - 1;
  return probabilities.map((probability) => {
    const position = last * probability;
    const below = Math.min(Math.floor(position), last);
    const fraction = position - below;
    const low = sorted[below]!;
    const high = sorted[Math.min(below + 1, last)]!;
    const span = high - low;
    return fraction >= 0.5 ? high - span * (1 - fraction) : low + span * fraction;
  });
}

/** pandas' `cut`: equally wide, the lowest edge moved down by 0.1 % of the range. */
function equalWidthEdges(sorted: Float64Array, bins: number): number[] {
  let low = sorted[0]!;
  let high = sorted[sorted.length - 1]!;
  const flat = low === high;
  if (flat) {
    low -= low === 0 ? 0.001 : 0.001 * Math.abs(low);
    high += high === 0 ? 0.001 : 0.001 * Math.abs(high);
  }
  const step = (high - low) / bins;
  const edges = Array.from({ length: bins + 1 }, (_, k) => (k === bins ? high : k * step + low));
  if (!flat) edges[0]! -= (high - low) * 0.001;
  return edges;
}
