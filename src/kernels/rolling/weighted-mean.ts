/**
 * Qlib's WMA over the L = min(rows, t+1) rows that end at t, k = 1 oldest … L newest:
 * out[t] = mean over the finite xₖ of xₖ · k/(L(L+1)/2). It is a mean of weighted values and not their sum, so a constant
 * c comes out as c/L. NaN and ±inf are left out, the weights stay; NaN when none is left.
 */
export function rollingWeightedMean(x: Float64Array, rows: number, out: Float64Array): void {
  for (let t = 0; t < x.length; t++) {
    const from = Math.max(0, t - rows + 1);
    const length = t - from + 1;
    const weights = (length * (length + 1)) / 2;
    let total = 0;
    let count = 0;
    for (let j = from; j <= t; j++) {
      const value = x[j]!;
      if (value - value !== 0) continue;
      total += value * ((j - from + 1) / weights);
      count++;
    }
    out[t] = total / count;
  }
}
