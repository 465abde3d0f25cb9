import type { Candles } from "./candles.ts";
import { candleSettings, threshold } from "./settings.ts";

/**
 * What patterns ask about one bar, in the words of the settings. Comparisons are strict or not exactly as in TA-Lib: a body may be
 * "short" strictly below the average, or "at most short" up to it.
 */
export function hasLongBody(candles: Candles, t: number): boolean {
  return candles.body(t) > threshold(candles, candleSettings.bodyLong, t);
}

export function hasShortBody(candles: Candles, t: number): boolean {
  return candles.body(t) < threshold(candles, candleSettings.bodyShort, t);
}

export function hasAtMostShortBody(candles: Candles, t: number): boolean {
  return candles.body(t) <= threshold(candles, candleSettings.bodyShort, t);
}

/** Strictly above the average of short bodies: neither short nor at most short. */
export function hasMoreThanShortBody(candles: Candles, t: number): boolean {
  return candles.body(t) > threshold(candles, candleSettings.bodyShort, t);
}

export function hasDojiBody(candles: Candles, t: number): boolean {
  return candles.body(t) <= threshold(candles, candleSettings.bodyDoji, t);
}

/** Very short counts as none. */
export function hasNoUpperShadow(candles: Candles, t: number): boolean {
  return candles.upperShadow(t) < threshold(candles, candleSettings.shadowVeryShort, t);
}

export function hasNoLowerShadow(candles: Candles, t: number): boolean {
  return candles.lowerShadow(t) < threshold(candles, candleSettings.shadowVeryShort, t);
}

/** Strictly above very short. */
export function hasUpperShadow(candles: Candles, t: number): boolean {
  return candles.upperShadow(t) > threshold(candles, candleSettings.shadowVeryShort, t);
}

export function hasLowerShadow(candles: Candles, t: number): boolean {
  return candles.lowerShadow(t) > threshold(candles, candleSettings.shadowVeryShort, t);
}

export function hasShortUpperShadow(candles: Candles, t: number): boolean {
  return candles.upperShadow(t) < threshold(candles, candleSettings.shadowShort, t);
}

export function hasShortLowerShadow(candles: Candles, t: number): boolean {
  return candles.lowerShadow(t) < threshold(candles, candleSettings.shadowShort, t);
}

/** Strictly above short; long shadows, which are measured against the bar's own body, need not be. */
export function hasMoreThanShortUpperShadow(candles: Candles, t: number): boolean {
  return candles.upperShadow(t) > threshold(candles, candleSettings.shadowShort, t);
}

export function hasLongUpperShadow(candles: Candles, t: number): boolean {
  return candles.upperShadow(t) > threshold(candles, candleSettings.shadowLong, t);
}

export function hasLongLowerShadow(candles: Candles, t: number): boolean {
  return candles.lowerShadow(t) > threshold(candles, candleSettings.shadowLong, t);
}

export function hasVeryLongUpperShadow(candles: Candles, t: number): boolean {
  return candles.upperShadow(t) > threshold(candles, candleSettings.shadowVeryLong, t);
}

export function hasVeryLongLowerShadow(candles: Candles, t: number): boolean {
  return candles.lowerShadow(t) > threshold(candles, candleSettings.shadowVeryLong, t);
}

/** Price difference within which prices are near each other around bar t. */
export function near(candles: Candles, t: number): number {
  return threshold(candles, candleSettings.near, t);
}

export function far(candles: Candles, t: number): number {
  return threshold(candles, candleSettings.far, t);
}

export function equalTolerance(candles: Candles, t: number): number {
  return threshold(candles, candleSettings.equal, t);
}

/** Whether two prices are equal within the tolerance of bar t. */
export function isEqual(
  candles: Candles,
  t: number,
  prices: readonly [price: number, other: number],
): boolean {
  const [price, other] = prices;
  const tolerance = equalTolerance(candles, t);
  return price <= other + tolerance && price >= other - tolerance;
}
