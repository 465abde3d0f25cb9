import type { Candles } from "./candles.ts";

/**
 * What counts as long, short, near or equal: each setting compares with the mean of a measure over the bars before the one
 * in question, times a factor. TA-Lib's default candle settings (ta_global.c); its running totals are sums over the
 * window here, so that a value depends on nothing before its look-back.
 */
export interface CandleSetting {
  readonly measure: "body" | "range" | "shadows";
  /** Bars averaged, the one in question not included; 0 is that bar's own measure. */
  readonly bars: number;
  readonly factor: number;
}

export const candleSettings = {
  bodyLong: { measure: "body", bars: 10, factor: 1 },
  bodyVeryLong: { measure: "body", bars: 10, factor: 3 },
  bodyShort: { measure: "body", bars: 10, factor: 1 },
  bodyDoji: { measure: "range", bars: 10, factor: 0.1 },
  shadowLong: { measure: "body", bars: 0, factor: 1 },
  shadowVeryLong: { measure: "body", bars: 0, factor: 2 },
  /** Of both shadows together, halved. */
  shadowShort: { measure: "shadows", bars: 10, factor: 1 },
  shadowVeryShort: { measure: "range", bars: 10, factor: 0.1 },
  near: { measure: "range", bars: 5, factor: 0.2 },
  far: { measure: "range", bars: 5, factor: 0.6 },
  equal: { measure: "range", bars: 5, factor: 0.05 },
} as const satisfies Readonly<Record<string, CandleSetting>>;

/** The price difference that a setting stands for at bar t. Missing bars of the window are left out; NaN when none is there. */
export function threshold(candles: Candles, setting: CandleSetting, t: number): number {
  const { measure, bars, factor } = setting;
  const average = bars === 0 ? measureOf(candles, measure, t) : meanBefore(candles, setting, t);
  return (factor * average) / (measure === "shadows" ? 2 : 1);
}

function meanBefore(candles: Candles, { measure, bars }: CandleSetting, t: number): number {
  let sum = 0;
  if (measure === "body") for (let i = t - bars; i < t; i++) sum += candles.body(i);
  else if (measure === "range") for (let i = t - bars; i < t; i++) sum += candles.range(i);
  else for (let i = t - bars; i < t; i++) sum += candles.upperShadow(i) + candles.lowerShadow(i);
  return Number.isNaN(sum) ? meanOfThose(candles, { measure, bars }, t) : sum / bars;
}

function meanOfThose(
  candles: Candles,
  { measure, bars }: Pick<CandleSetting, "measure" | "bars">,
  t: number,
): number {
  let sum = 0;
  let there = 0;
  for (let i = t - bars; i < t; i++) {
    if (candles.isMissing(i)) continue;
    sum += measureOf(candles, measure, i);
    there++;
  }
  return sum / there;
}

function measureOf(candles: Candles, measure: CandleSetting["measure"], t: number): number {
  if (measure === "body") return candles.body(t);
  if (measure === "range") return candles.range(t);
  return candles.upperShadow(t) + candles.lowerShadow(t);
}
