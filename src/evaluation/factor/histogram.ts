/** Counts by bins of equal width beside what a normal distribution would put there. */

import { normalDistribution } from "./normal.ts";

/** Half-open bins `[edges[k], edges[k + 1])`; the outermost also take what lies beyond. */
export interface Histogram {
  readonly edges: Float64Array;
  readonly counts: Int32Array;
  /** n × the normal probability of each bin. */
  readonly expected: Float64Array;
}

/** Bins centred on multiples of `width` from −`limit` to `limit`; NaN is left out. `mean` 0 and `std` 1 unless given. */
export function histogramOf(
  values: ArrayLike<number>,
  options: {
    readonly width: number;
    readonly limit: number;
    readonly mean?: number;
    readonly std?: number;
  },
): Histogram {
  const { width, limit, mean = 0, std = 1 } = options;
  const bins = 2 * Math.round(limit / width) + 1;
  const edges = Float64Array.from({ length: bins + 1 }, (_, k) => (k - bins / 2) * width);
  const counts = new Int32Array(bins);
  let present = 0;
  for (let k = 0; k < values.length; k++) {
    const value = values[k]!;
    if (Number.isNaN(value)) continue;
    present++;
    counts[Math.min(bins - 1, Math.max(0, Math.floor((value - edges[0]!) / width)))]!++;
  }
  const below = (edge: number) => normalDistribution((edge - mean) / std);
  const expected = Float64Array.from({ length: bins }, (_, k) => {
    const from = k === 0 ? 0 : below(edges[k]!);
    const to = k === bins - 1 ? 1 : below(edges[k + 1]!);
    return present * (to - from);
  });
  return { edges, counts, expected };
}
