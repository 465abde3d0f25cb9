/** out[t] = number of x[j] that are not NaN, j = max(0, t−rows+1) … t. ±inf counts, unlike everywhere else. */
export function rollingCount(x: Float64Array, rows: number, out: Float64Array): void {
  let count = 0;
  for (let t = 0; t < x.length; t++) {
    if (t >= rows && !Number.isNaN(x[t - rows]!)) count--;
    if (!Number.isNaN(x[t]!)) count++;
    out[t] = count;
  }
}
