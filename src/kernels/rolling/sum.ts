/**
 * out[t] = Σ of the finite x[j], j = max(0, t−rows+1) … t, added oldest first.
 * NaN and ±inf are left out; NaN when none is left. Each window is added afresh, so nothing lingers after it has left;
 * windows that never move off the first row are running sums, which is the same additions.
 */
export function rollingSum(x: Float64Array, rows: number, out: Float64Array): void {
  eachSum(x, rows, (t, total, count) => {
    out[t] = count > 0 ? total : Number.NaN;
  });
}

/** Hands on the sum and number of finite values of every window. */
export function eachSum(
  x: Float64Array,
  rows: number,
  take: (t: number, total: number, count: number) => void,
): void {
  if (rows >= x.length) {
    let total = 0;
    let count = 0;
    for (let t = 0; t < x.length; t++) {
      const value = x[t]!;
      if (value - value === 0) {
        total += value;
        count++;
      }
      take(t, total, count);
    }
    return;
  }
  for (let t = 0; t < x.length; t++) {
    let total = 0;
    let count = 0;
    for (let j = Math.max(0, t - rows + 1); j <= t; j++) {
      const value = x[j]!;
      if (value - value === 0) {
        total += value;
        count++;
      }
    }
    take(t, total, count);
  }
}
