import { Candles, type Bars } from "./candles.ts";

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

/** Rows before a pattern of which one at least must be there, for its averages to rest on something. */
const BASE_ROWS = 5;

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
  const candles = new Candles(bars);
  const averages = pattern.lookBack - (pattern.bars - 1) >= BASE_ROWS;
  let unbroken = 0;
  let gap = 0;
  for (let t = 0; t < out.length; t++) {
    if (candles.isMissing(t)) {
      gap = unbroken > 0 ? 1 : gap + 1;
      unbroken = 0;
    } else {
      unbroken++;
    }
    const known =
      t >= pattern.lookBack &&
      (unbroken > pattern.bars || (unbroken === pattern.bars && !(averages && gap >= BASE_ROWS)));
    out[t] = known ? pattern.at(candles, t, penetration) : Number.NaN;
  }
}
