/**
 * out[t] = ((number below x[t]) + (number equal to x[t] + 1)/2) / n over the n finite x[j], j = max(0, t−rows+1) … t:
 * the average rank as a share, 1 for the largest. NaN and ±inf are left out; NaN when x[t] is one of them.
 */
export function rollingRank(x: Float64Array, rows: number, out: Float64Array): void {
  for (let t = 0; t < x.length; t++) {
    const today = x[t]!;
    if (today - today !== 0) {
      out[t] = Number.NaN;
      continue;
    }
    let below = 0;
    let equal = 0;
    let count = 0;
    for (let j = Math.max(0, t - rows + 1); j <= t; j++) {
      const value = x[j]!;
      if (value - value !== 0) continue;
      count++;
      if (value < today) below++;
      else if (value === today) equal++;
    }
    out[t] = (below + (equal + 1) / 2) / count;
  }
}
