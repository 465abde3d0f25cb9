import { ascendingOrder } from "./order.ts";

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
  const order = ascendingOrder(x);
  const count = order.length;
  out.fill(Number.NaN);
  for (let from = 0, to = 0; from < count; from = to) {
    const value = x[order[from]!]!;
    while (to < count && x[order[to]!] === value) to++;
    const result = of((from + to + 1) / 2, count);
    for (let at = from; at < to; at++) out[order[at]!] = result;
  }
}
