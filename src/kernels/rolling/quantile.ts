import { eachSortedWindow } from "./sorted-window.ts";

/**
 * Order statistics of the n finite x[j], j = max(0, t−rows+1) … t, ascending v₀ … vₙ₋₁. With p = share·(n−1):
 * v₍⌊p⌋₎ + (v₍⌊p⌋+1₎ − v₍⌊p⌋₎)·(p − ⌊p⌋); the median is the middle value or the mean of the two middle ones.
 * NaN and ±inf are left out; NaN when none is left.
 */
export function rollingQuantile(
  x: Float64Array,
  how: { readonly rows: number; readonly share: number },
  out: Float64Array,
): void {
  eachSortedWindow(x, how.rows, (t, window) => {
    if (window.size === 0) {
      out[t] = Number.NaN;
      return;
    }
    const place = how.share * (window.size - 1);
    const below = Math.floor(place);
    const low = window.at(below);
    out[t] = place === below ? low : low + (window.at(below + 1) - low) * (place - below);
  });
}

export function rollingMedian(x: Float64Array, rows: number, out: Float64Array): void {
  eachSortedWindow(x, rows, (t, window) => {
    const half = window.size >> 1;
    if (window.size === 0) out[t] = Number.NaN;
    else out[t] = window.size % 2 === 1 ? window.at(half) : (window.at(half) + window.at(half - 1)) / 2;
  });
}
