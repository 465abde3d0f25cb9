/**
 * out[t] = largest or smallest finite x[j], j = max(0, t−rows+1) … t. NaN and ±inf are left out; NaN when none is left.
 */
export function rollingMaximum(x: Float64Array, rows: number, out: Float64Array): void {
  extreme(x, { rows, sign: 1 }, out);
}

export function rollingMinimum(x: Float64Array, rows: number, out: Float64Array): void {
  extreme(x, { rows, sign: -1 }, out);
}

function extreme(
  x: Float64Array,
  how: { readonly rows: number; readonly sign: 1 | -1 },
  out: Float64Array,
): void {
  const { rows, sign } = how;
  const expanding = rows >= x.length;
  let best = Number.NEGATIVE_INFINITY;
  for (let t = 0; t < x.length; t++) {
    let from = t;
    if (!expanding) {
      best = Number.NEGATIVE_INFINITY;
      from = Math.max(0, t - rows + 1);
    }
    for (let j = from; j <= t; j++) {
      const value = x[j]! * sign;
      if (value > best && value - value === 0) best = value;
    }
    out[t] = best === Number.NEGATIVE_INFINITY ? Number.NaN : best * sign;
  }
}
