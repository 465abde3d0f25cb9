/**
 * Places of one day's values among each other. Of n values that are not NaN, the place of x is
 * (number below) + (number equal + 1)/2, the average of tied places. ±inf take part as the largest and smallest;
 * NaN stays NaN and does not take part. Nothing depends on the order of the values.
 */

/** Place as a share of n: above 0, and 1 for a largest value that is alone (pandas' `rank(pct=True)`). */
export function rankShares(x: Float64Array, out: Float64Array): void {
  eachPlace(x, out, (place, count) => place / count);
}

/**
 * Buckets 1 … `buckets` of as equal size as ties allow: the least whole number not under place · buckets / n, so equal
 * values share a bucket. With fewer values than buckets some stay empty.
 */
export function rankBuckets(x: Float64Array, buckets: number, out: Float64Array): void {
  // The product is exact, so the quotient of a multiple of n is a whole number.
  eachPlace(x, out, (place, count) => Math.ceil((place * buckets) / count));
}

function eachPlace(x: Float64Array, out: Float64Array, of: (place: number, count: number) => number): void {
  const sorted = sortedValues(x, isValue);
  const count = sorted.length;
  /** By first position of a run of equal values: what they all get. */
  const results = new Float64Array(count);
  for (let from = 0, to = 0; from < count; from = to) {
    while (to < count && sorted[to] === sorted[from]) to++;
    results[from] = of((from + to + 1) / 2, count);
  }
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    out[i] = Number.isNaN(value) ? Number.NaN : results[lowerBound(sorted, value)]!;
  }
}

const isValue = (value: number): boolean => !Number.isNaN(value);

/** The values that are wanted, ascending. */
export function sortedValues(x: Float64Array, wanted: (value: number) => boolean): Float64Array {
  const values = new Float64Array(x.length);
  let count = 0;
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    // −0 and 0 are one value; the sort would set them apart.
    if (wanted(value)) values[count++] = value + 0;
  }
  return values.subarray(0, count).sort();
}

function lowerBound(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
