/**
 * out[t] = mean of the finite x[j], j = max(0, t−rows+1) … t. NaN and ±inf are left out; NaN when none is left.
 * A window of equal values has exactly that value (pandas ≥ 1.5 counts runs of equal values to the same end).
 */
export function rollingMean(x: Float64Array, rows: number, out: Float64Array): void {
  const expanding = rows >= x.length;
  let total = 0;
  let count = 0;
  let first = 0;
  let equal = true;
  for (let t = 0; t < x.length; t++) {
    let from = t;
    if (!expanding) {
      total = 0;
      count = 0;
      equal = true;
      from = Math.max(0, t - rows + 1);
    }
    for (let j = from; j <= t; j++) {
      const value = x[j]!;
      if (value - value !== 0) continue;
      if (count === 0) first = value;
      else if (value !== first) equal = false;
      total += value;
      count++;
    }
    out[t] = count === 0 ? Number.NaN : equal ? first : total / count;
  }
}
