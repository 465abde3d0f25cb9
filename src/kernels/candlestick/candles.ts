import { Averages } from "./averages.ts";
import { Presence } from "./presence.ts";

/**
 * The bars of one instrument as candlesticks: colour, body, shadows and gaps, after TA-Lib (ta_utility.h). A bar that
 * closes where it opened is white. Positions are rows; nothing checks that a row exists.
 */
export interface Bars {
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
}

export class Candles {
  readonly #open: Float64Array;
  readonly #high: Float64Array;
  readonly #low: Float64Array;
  readonly #close: Float64Array;
  readonly averages: Averages;
  readonly presence: Presence;

  /** A bar of which any price is NaN or ±inf is missing as a whole. */
  constructor(bars: Bars) {
    const { open, high, low, close } = wholeBars(bars);
    this.#open = open;
    this.#high = high;
    this.#low = low;
    this.#close = close;
    this.averages = new Averages(this);
    this.presence = new Presence(this);
  }

  get length(): number {
    return this.#close.length;
  }

  isMissing(t: number): boolean {
    return Number.isNaN(this.#close[t]!);
  }

  open(t: number): number {
    return this.#open[t]!;
  }

  high(t: number): number {
    return this.#high[t]!;
  }

  low(t: number): number {
    return this.#low[t]!;
  }

  close(t: number): number {
    return this.#close[t]!;
  }

  isWhite(t: number): boolean {
    return this.#close[t]! >= this.#open[t]!;
  }

  isBlack(t: number): boolean {
    return this.#close[t]! < this.#open[t]!;
  }

  /** 1 for white, −1 for black. */
  color(t: number): 1 | -1 {
    return this.isWhite(t) ? 1 : -1;
  }

  /** Upper end of the body. */
  top(t: number): number {
    return this.isWhite(t) ? this.#close[t]! : this.#open[t]!;
  }

  /** Lower end of the body. */
  bottom(t: number): number {
    return this.isWhite(t) ? this.#open[t]! : this.#close[t]!;
  }

  body(t: number): number {
    return Math.abs(this.#close[t]! - this.#open[t]!);
  }

  upperShadow(t: number): number {
    return this.#high[t]! - this.top(t);
  }

  lowerShadow(t: number): number {
    return this.bottom(t) - this.#low[t]!;
  }

  range(t: number): number {
    return this.#high[t]! - this.#low[t]!;
  }

  /** The whole body of the later bar above that of the earlier. */
  bodyGapUp(later: number, earlier: number): boolean {
    return this.bottom(later) > this.top(earlier);
  }

  bodyGapDown(later: number, earlier: number): boolean {
    return this.top(later) < this.bottom(earlier);
  }

  /** No price of the two bars in common, the later above. */
  gapUp(later: number, earlier: number): boolean {
    return this.#low[later]! > this.#high[earlier]!;
  }

  gapDown(later: number, earlier: number): boolean {
    return this.#high[later]! < this.#low[earlier]!;
  }
}

/** The bars themselves when each is there or missing as a whole, else copies in which incomplete ones are NaN. */
function wholeBars(bars: Bars): Bars {
  const { open, high, low, close } = bars;
  let incomplete = false;
  for (let t = 0; t < close.length; t++) {
    const sum = open[t]! + high[t]! + low[t]! + close[t]!;
    if (sum - sum !== 0 && !isBlank(bars, t)) {
      incomplete = true;
      break;
    }
  }
  if (!incomplete) return bars;
  const whole = { open: open.slice(), high: high.slice(), low: low.slice(), close: close.slice() };
  for (let t = 0; t < close.length; t++) {
    const there = [open[t], high[t], low[t], close[t]].every(Number.isFinite);
    if (!there) whole.open[t] = whole.high[t] = whole.low[t] = whole.close[t] = Number.NaN;
  }
  return whole;
}

function isBlank({ open, high, low, close }: Bars, t: number): boolean {
  return [open[t], high[t], low[t], close[t]].every(Number.isNaN);
}
