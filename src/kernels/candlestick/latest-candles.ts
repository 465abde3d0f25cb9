import { Candles, type Bars } from "./candles.ts";

/**
 * Candles with their averages, kept for the next pattern: the patterns of an instrument are computed one after the other on
 * equal bars. Bars are compared by value, because their arrays are reused for other instruments.
 */
let latest: { readonly bars: Bars; readonly candles: Candles } | null = null;

export function candlesOf(bars: Bars): Candles {
  if (latest !== null && areEqual(latest.bars, bars)) return latest.candles;
  const { open, high, low, close } = bars;
  const kept = { open: open.slice(), high: high.slice(), low: low.slice(), close: close.slice() };
  latest = { bars: kept, candles: new Candles(kept) };
  return latest.candles;
}

function areEqual(a: Bars, b: Bars): boolean {
  return (
    hasSameValues(a.close, b.close) &&
    hasSameValues(a.open, b.open) &&
    hasSameValues(a.high, b.high) &&
    hasSameValues(a.low, b.low)
  );
}

function hasSameValues(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false;
  for (let t = 0; t < a.length; t++) {
    if (a[t] !== b[t] && !(Number.isNaN(a[t]!) && Number.isNaN(b[t]!))) return false;
  }
  return true;
}
