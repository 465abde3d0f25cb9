/**
 * Rows since the largest or smallest finite x[j], j = max(0, t−rows+1) … t; of equal ones the newest counts, so 0 means
 * today. NaN and ±inf are left out; NaN when none is left.
 */
export function barsSinceHighest(x: Float64Array, rows: number, out: Float64Array): void {
  barsSince(x, { rows, sign: 1 }, out);
}

export function barsSinceLowest(x: Float64Array, rows: number, out: Float64Array): void {
  barsSince(x, { rows, sign: -1 }, out);
}

function barsSince(
  x: Float64Array,
  how: { readonly rows: number; readonly sign: 1 | -1 },
  out: Float64Array,
): void {
  for (let t = 0; t < x.length; t++) {
    let best = Number.NaN;
    let place = Number.NaN;
    for (let j = Math.max(0, t - how.rows + 1); j <= t; j++) {
      const value = x[j]! * how.sign;
      if (value - value === 0 && !(value < best)) {
        best = value;
        place = j;
      }
    }
    out[t] = t - place;
  }
}
