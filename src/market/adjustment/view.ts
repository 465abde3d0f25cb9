import { barFields, isBarField } from "../bar.ts";
import type { Day } from "../day.ts";
import { factorOn } from "./factor.ts";

/**
 * Adjusted views of raw bars. Raw is what is stored; these are derived and never stored.
 *
 * - `raw`: as traded.
 * - `hfq` (backward-adjusted): price × factor, volume ÷ factor; the first bar is as traded. Qlib's fields are this
 *   view, which no later event changes.
 * - `qfq` (front-adjusted): the same divided by the factor on a stated base date; bars of that date are as traded.
 *
 * Price × volume, and so the amount, is the same in every view.
 */
export type View =
  | { readonly kind: "raw" }
  | { readonly kind: "hfq" }
  | { readonly kind: "qfq"; readonly base: Day };

/** By what raw prices are multiplied, row by row. Throws MARKET_BASE_DAY for a qfq base before the first bar. */
export function scaleOf(view: View, days: Int32Array, factor: Float64Array): Float64Array {
  if (view.kind === "raw") return new Float64Array(factor.length).fill(1);
  if (view.kind === "hfq") return factor.slice();
  const base = factorOn(view.base, days, factor);
  return factor.map((value) => value / base);
}

/** Raw prices on a scale of {@link scaleOf}; `out` may be `prices` itself. */
export function adjustPrices(
  prices: Float64Array,
  scale: Float64Array,
  out = new Float64Array(prices.length),
): Float64Array {
  for (let row = 0; row < prices.length; row++) out[row] = prices[row]! * scale[row]!;
  return out;
}

/** Raw volumes on a scale of {@link scaleOf}. */
export function adjustVolumes(
  volumes: Float64Array,
  scale: Float64Array,
  out = new Float64Array(volumes.length),
): Float64Array {
  for (let row = 0; row < volumes.length; row++) out[row] = volumes[row]! / scale[row]!;
  return out;
}

/** Raw prices back from adjusted ones. */
export const unadjustPrices = adjustVolumes;

/** Raw volumes back from adjusted ones. */
export const unadjustVolumes = adjustPrices;

/**
 * The columns of one instrument in a view: prices scaled, volume scaled inversely, everything else as it is (the
 * same array). Columns are recognised by their canonical names in `barFields`.
 */
export function viewOf(
  columns: ReadonlyMap<string, Float64Array>,
  view: View,
  rows: { readonly days: Int32Array; readonly factor: Float64Array },
): Map<string, Float64Array> {
  const scale = scaleOf(view, rows.days, rows.factor);
  const adjusted = new Map<string, Float64Array>();
  for (const [name, values] of columns) {
    const rule = isBarField(name) ? barFields[name].adjusts : "none";
    if (rule === "price") adjusted.set(name, adjustPrices(values, scale));
    else if (rule === "volume") adjusted.set(name, adjustVolumes(values, scale));
    else adjusted.set(name, values);
  }
  return adjusted;
}
