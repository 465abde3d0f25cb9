/**
 * Sample variance and standard deviation: Σ(x−x̄)² / (n−1) over the finite x[j], j = max(0, t−rows+1) … t,
 * in two passes with the rounding of the mean corrected (Chan, Golub, LeVeque 1983).
 * NaN and ±inf are left out; under 2 values NaN; equal values give exactly 0.
 */
export function rollingVariance(x: Float64Array, rows: number, out: Float64Array): void {
  for (let t = 0; t < x.length; t++) {
    const from = Math.max(0, t - rows + 1);
    let total = 0;
    let count = 0;
    let first = 0;
    let equal = true;
    for (let j = from; j <= t; j++) {
      const value = x[j]!;
      if (value - value !== 0) continue;
      if (count === 0) first = value;
      else if (value !== first) equal = false;
      total += value;
      count++;
    }
    if (count < 2 || equal) {
      out[t] = count < 2 ? Number.NaN : 0;
      continue;
    }
    const mean = total / count;
    let squares = 0;
    let rest = 0;
    for (let j = from; j <= t; j++) {
      const deviation = x[j]! - mean;
      if (deviation - deviation !== 0) continue;
      squares += deviation * deviation;
      rest += deviation;
    }
    out[t] = (squares - (rest * rest) / count) / (count - 1);
  }
}

export function rollingDeviation(x: Float64Array, rows: number, out: Float64Array): void {
  rollingVariance(x, rows, out);
  for (let t = 0; t < out.length; t++) out[t] = Math.sqrt(out[t]!);
}
