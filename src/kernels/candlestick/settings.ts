import type { Candles } from "./candles.ts";

/**
 * What counts as long, short, near or equal: each setting is a mean over the bars before the one in question, or that bar's
 * own body, times a factor. TA-Lib's default candle settings (ta_global.c).
 */
export interface CandleSetting {
  readonly of: "ownBody" | "body10" | "range10" | "range5" | "shadows10";
  readonly factor: number;
}

export const candleSettings = {
  bodyLong: { of: "body10", factor: 1 },
  bodyVeryLong: { of: "body10", factor: 3 },
  bodyShort: { of: "body10", factor: 1 },
  bodyDoji: { of: "range10", factor: 0.1 },
  shadowLong: { of: "ownBody", factor: 1 },
  shadowVeryLong: { of: "ownBody", factor: 2 },
  /** Of both shadows together, so half of it for one. */
  shadowShort: { of: "shadows10", factor: 1 },
  shadowVeryShort: { of: "range10", factor: 0.1 },
  near: { of: "range5", factor: 0.2 },
  far: { of: "range5", factor: 0.6 },
  equal: { of: "range5", factor: 0.05 },
} as const satisfies Readonly<Record<string, CandleSetting>>;

/** The price difference that a setting stands for at bar t. */
export function threshold(candles: Candles, { of, factor }: CandleSetting, t: number): number {
  switch (of) {
    case "ownBody":
      return factor * candles.body(t);
    case "shadows10":
      return (factor * candles.averages.shadows10[t]!) / 2;
    default:
      return factor * candles.averages[of][t]!;
  }
}
