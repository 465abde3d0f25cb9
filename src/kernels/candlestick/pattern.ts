import type { Bars, Candles } from "./candles.ts";
import { candlesOf } from "./kept-candles.ts";
import { SHORTEST_AVERAGE } from "./presence.ts";

/** A candlestick pattern that ends on a bar. */
export interface Pattern {
  /** TA-Lib's name. */
  readonly name: string;
  /** Bars that it looks at one by one, its last included. */
  readonly bars: number;
  /** Rows before its last bar that a value needs, those of its averages included: TA-Lib's look-back. */
  readonly lookBack: number;
  /** Of patterns with a penetration, a share of the first body: TA-Lib's default. */
  readonly penetration?: number;
  /** 0 or ±100, of some patterns ±80 or ±200: bullish above 0, bearish below. */
  at(candles: Candles, t: number, penetration: number): number;
}

/**
 * The values of a pattern on each bar, into `out`. NaN before the look-back is full, where one of the pattern's own bars is
 * missing, and where the five rows before it are all missing and it compares with averages; averages leave missing
 * bars out.
 */
export function recognise(
  pattern: Pattern,
  bars: Bars,
  options: { readonly out: Float64Array; readonly penetration?: number },
): void {
  const { out, penetration = pattern.penetration ?? 0 } = options;
  const { lookBack, bars: own } = pattern;
  const candles = candlesOf(bars);
  const { unbroken, unbrokenAndBased } = candles.presence;
  const usable = lookBack - own + 1 >= SHORTEST_AVERAGE ? unbrokenAndBased : unbroken;
  out.fill(Number.NaN, 0, lookBack);
  for (let t = lookBack; t < out.length; t++) {
    out[t] = usable[t]! >= own ? pattern.at(candles, t, penetration) : Number.NaN;
  }
}
