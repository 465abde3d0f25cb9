/**
 * out[t] = mean of |x[j] − x̄| over the finite x[j], j = max(0, t−rows+1) … t. NaN and ±inf are left out; NaN when none
 * is left.
 */
export function rollingMeanDeviation(x: Float64Array, rows: number, out: Float64Array): void {
  for (let t = 0; t < x.length; t++) {
    const from = Math.max(0, t - rows + 1);
    let total = 0;
    let count = 0;
    for (let j = from; j <= t; j++) {
      const value = x[j]!;
      if (value - value !== 0) continue;
      total += value;
      count++;
    }
    const mean = total / count;
    let deviations = 0;
    for (let j = from; j <= t; j++) {
      const value = x[j]!;
      if (value - value === 0) deviations += Math.abs(value - mean);
    }
    out[t] = deviations / count;
  }
}
