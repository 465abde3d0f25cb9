/**
 * Linearly weighted moving average: Σ w·x / Σ w over the finite x[j], j = max(0, t−rows+1) … t, with w = 1 for the
 * window's oldest row, 2 for the next, and so on up to today's. NaN and ±inf are left out together with their weights;
 * NaN when none is left. Equal values have exactly that value.
 */
export function rollingLinearWeightedMean(x: Float64Array, rows: number, out: Float64Array): void {
  for (let t = 0; t < x.length; t++) {
    let total = 0;
    let weights = 0;
    let first = 0;
    let equal = true;
    const from = Math.max(0, t - rows + 1);
    for (let j = from; j <= t; j++) {
      const value = x[j]!;
      if (value - value !== 0) continue;
      if (weights === 0) first = value;
      else if (value !== first) equal = false;
      const weight = j - from + 1;
      total += weight * value;
      weights += weight;
    }
    out[t] = weights === 0 ? Number.NaN : equal ? first : total / weights;
  }
}
