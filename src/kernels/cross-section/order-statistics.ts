/**
 * Quantiles of one day's finite values, linear between neighbours: at share q of n ascending values, position q·(n−1)
 * (Hyndman and Fan's type 7, as NumPy and pandas). NaN and ±inf are left out. Nothing depends on the order of the values.
 */
/** NaN when there is no value. */
export function medianOf(x: Float64Array): number {
  return quantileAt(sortedFinite(x), 0.5);
}

/**
 * Values below the quantile of `share` become it, those above the quantile of 1 − `share` that one; ±inf too. `share` is
 * from 0 to 0.5; 0 brings ±inf to the smallest and largest finite value. NaN stays; all NaN when no value is finite.
 */
export function winsorize(x: Float64Array, share: number, out: Float64Array): void {
  const sorted = sortedFinite(x);
  const low = quantileAt(sorted, share);
  const high = quantileAt(sorted, 1 - share);
  const any = sorted.length > 0;
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (!any || Number.isNaN(value)) out[i] = Number.NaN;
    else out[i] = value < low ? low : value > high ? high : value;
  }
}

function sortedFinite(x: Float64Array): Float64Array {
  const values = new Float64Array(x.length);
  let count = 0;
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    // −0 and 0 are one value; the sort would set them apart.
    if (value - value === 0) values[count++] = value + 0;
  }
  return values.subarray(0, count).sort();
}

function quantileAt(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const at = Math.floor(place);
  const below = sorted[at] ?? Number.NaN;
  const above = sorted[at + 1] ?? below;
  return above === below ? below : below + (above - below) * (place - at);
}
