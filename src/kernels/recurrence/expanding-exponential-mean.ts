/**
 * Qlib's EMA with N = 0. With L = t+1 rows so far and α = 1 − 2/(1+L): out[t] = Σ x[j]·α^(t−j) / Σ α^(t−j), the lower sum
 * over all rows, the upper over the finite values only. NaN until the first one. α moves with t, so every row is
 * a sum of its own: O(n²).
 */
export function expandingExponentialMean(x: Float64Array, out: Float64Array): void {
  let seen = false;
  for (let t = 0; t < x.length; t++) {
    const alpha = 1 - 2 / (2 + t);
    let weights = 0;
    let total = 0;
    let weight = 1;
    for (let j = t; j >= 0; j--) {
      const value = x[j]!;
      weights += weight;
      if (value - value === 0) total += value * weight;
      weight *= alpha;
    }
    if (Number.isFinite(x[t]!)) seen = true;
    out[t] = seen ? total / weights : Number.NaN;
  }
}
