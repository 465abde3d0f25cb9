/**
 * Rank of x[t] among the n finite x[j], j = max(0, t−rows+1) … t: (number below) + (number equal + 1)/2, the average of
 * tied places; and the same as a share of n, 1 for the largest. NaN and ±inf are left out; NaN when x[t] is one of them.
 */
export function rollingRank(x: Float64Array, rows: number, out: Float64Array): void {
  for (let t = 0; t < x.length; t++) {
    const { place, count } = rankAt(x, Math.max(0, t - rows + 1), t);
    out[t] = place / count;
  }
}

export function rollingPlace(x: Float64Array, rows: number, out: Float64Array): void {
  for (let t = 0; t < x.length; t++) out[t] = rankAt(x, Math.max(0, t - rows + 1), t).place;
}

function rankAt(
  x: Float64Array,
  from: number,
  t: number,
): { readonly place: number; readonly count: number } {
  const today = x[t]!;
  if (today - today !== 0) return { place: Number.NaN, count: 0 };
  let below = 0;
  let equal = 0;
  let count = 0;
  for (let j = from; j <= t; j++) {
    const value = x[j]!;
    if (value - value !== 0) continue;
    count++;
    if (value < today) below++;
    else if (value === today) equal++;
  }
  return { place: below + (equal + 1) / 2, count };
}
