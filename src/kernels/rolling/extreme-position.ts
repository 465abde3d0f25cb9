/**
 * Place of the largest or smallest x[j], j = max(0, t−rows+1) … t, counted from 1 at the oldest row of the window, the
 * oldest among equals. As numpy's argmax on the raw window: NaN (and ±inf, which pandas has turned into NaN) wins over
 * every number, so the place of the oldest one is given; a window of nothing else is NaN.
 */
export function rollingArgmax(x: Float64Array, rows: number, out: Float64Array): void {
  position(x, { rows, sign: 1 }, out);
}

export function rollingArgmin(x: Float64Array, rows: number, out: Float64Array): void {
  position(x, { rows, sign: -1 }, out);
}

function position(
  x: Float64Array,
  how: { readonly rows: number; readonly sign: 1 | -1 },
  out: Float64Array,
): void {
  const { rows, sign } = how;
  for (let t = 0; t < x.length; t++) {
    const from = Math.max(0, t - rows + 1);
    let missing = -1;
    let at = -1;
    let best = Number.NEGATIVE_INFINITY;
    for (let j = from; j <= t; j++) {
      const value = x[j]! * sign;
      if (value - value !== 0) {
        if (missing < 0) missing = j;
      } else if (value > best) {
        best = value;
        at = j;
      }
      if (missing >= 0 && at >= 0) break;
    }
    out[t] = at < 0 ? Number.NaN : (missing >= 0 ? missing : at) - from + 1;
  }
}
