/**
 * Exponentially weighted mean with weights (1−α)^age, divided by their sum over the rows there are (pandas'
 * ewm(adjust=True, ignore_na=False)): a missing row ages the weights of the others. NaN and ±inf carry the last result;
 * NaN before the first value. The recurrence is pandas': mean ← (w·mean + x)/(w + 1), w ← w + 1, w ← w·(1−α) per row.
 */
export function exponentialMean(x: Float64Array, alpha: number, out: Float64Array): void {
  let mean = Number.NaN;
  let weight = 1;
  for (let t = 0; t < x.length; t++) {
    const value = x[t]!;
    const valid = value - value === 0;
    if (Number.isNaN(mean)) {
      if (valid) mean = value;
    } else {
      weight *= 1 - alpha;
      if (valid) {
        if (mean !== value) mean = (weight * mean + value) / (weight + 1);
        weight += 1;
      }
    }
    out[t] = mean;
  }
}
