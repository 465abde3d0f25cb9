import { isoOf, type Day } from "../day.ts";
import { MarketError } from "../errors.ts";
import type { FactorFileRow } from "./factor-file.ts";

/**
 * The canonical adjustment factor of one instrument: cumulative forward and 1 on its first stored bar, so that
 * nothing that happens later changes a value. All arrays are one instrument's rows in time order. Where a source
 * says nothing (a suspended day, a missing value) the factor of the row before is carried.
 */

/** Closes and precloses nearer than this are one price: under half the smallest tick, above float32 noise. */
const SAME_PRICE = 0.0004;

/** An official close differs from the day's last trade by less than this; measured on 33,302 Shanghai bars. */
const LAST_TRADE_NOISE = 0.0075;

/**
 * Says that the close of some rows is the day's last trade and not the official close, which then was an average of
 * the last minute (`closeIsAverage` in ../session.ts: Shanghai before 2018-08-20). Their preclose of the next day
 * differs by a few ticks without any ex-day; multiplied up, that is a drift of some percent a year.
 */
export interface LastTradeCloses {
  readonly on: (row: number) => boolean;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** Which closes are not the official ones, and by how much a preclose may differ from them without an ex-day. */
export interface CloseNoise {
  readonly lastTrade?: LastTradeCloses;
  /** Ratio of the close, on every row. Default 0. */
  readonly tolerance?: number;
}

/**
 * f(t) = f(t−1) · close(t−1) / preclose(t), where close(t−1) is the last close there was. On an ordinary day the
 * preclose is that close and the factor stays exactly; on an ex-day it is the ex-right reference price.
 *
 * A day whose close or preclose is missing or not positive carries the factor. Prices are currency units. After a
 * row of `lastTrade` only a preclose outside that row's range, or more than 0.75 % below its close, is an ex-day:
 * an ex-day smaller than that is lost there. Differences of up to `tolerance` are no ex-days on any row.
 */
export function factorFromPreclose(
  close: Float64Array,
  preclose: Float64Array,
  noise: CloseNoise = {},
): Float64Array {
  if (close.length !== preclose.length) {
    throw new RangeError(`${close.length} closes for ${preclose.length} precloses`);
  }
  const factor = new Float64Array(close.length);
  let current = 1;
  let last = -1;
  for (let row = 0; row < close.length; row++) {
    const reference = preclose[row]!;
    const traded = close[row]! > 0;
    if (traded && reference > 0 && last >= 0 && isExDay(close[last]!, reference, last, noise)) {
      current *= close[last]! / reference;
    }
    if (traded) last = row;
    factor[row] = current;
  }
  return factor;
}

/** Whether `reference`, the preclose that follows the close of `row`, makes an ex-day. */
export function isExDay(
  close: number,
  reference: number,
  row: number,
  { lastTrade, tolerance = 0 }: CloseNoise,
): boolean {
  const difference = Math.abs(close - reference);
  if (difference <= SAME_PRICE || difference <= close * tolerance) return false;
  if (lastTrade === undefined || !lastTrade.on(row)) return true;
  if (reference < lastTrade.low[row]! - SAME_PRICE || reference > lastTrade.high[row]! + SAME_PRICE)
    return true;
  return close / reference - 1 > LAST_TRADE_NOISE;
}

/**
 * From a vendor's running factor of any scale, such as Tushare's `adj_factor`: f(t) = a(t) / a(first known). Rows
 * before the first known value are 1. Throws MARKET_FACTOR_INVALID on a factor that is not positive.
 */
export function factorFromRunning(running: Float64Array): Float64Array {
  const factor = new Float64Array(running.length).fill(1);
  let first = Number.NaN;
  for (let row = 0; row < running.length; row++) {
    const value = running[row]!;
    if (value <= 0 || value === Number.POSITIVE_INFINITY) {
      throw new MarketError("MARKET_FACTOR_INVALID", `row ${row} holds the adjustment factor ${value}`, {
        remedy: "Adjustment factors are positive numbers; leave the value empty where none is known.",
      });
    }
    if (Number.isNaN(first)) first = value;
    if (!Number.isNaN(value)) factor[row] = value / first;
    else if (row > 0) factor[row] = factor[row - 1]!;
  }
  return factor;
}

/**
 * From a QuantConnect factor file. A file row holds for the days up to and including its own date, so a bar takes
 * the first row that is not before it: F = price factor × split factor, and f(t) = F(t) / F(first bar).
 *
 * @param days sessions of the bars, increasing. Throws MARKET_FACTOR_INVALID when the file ends before them.
 */
export function factorFromFile(days: Int32Array, file: readonly FactorFileRow[]): Float64Array {
  const factor = new Float64Array(days.length);
  let next = 0;
  let base = Number.NaN;
  for (let row = 0; row < days.length; row++) {
    const day = days[row]!;
    while (next < file.length && file[next]!.day < day) next++;
    const holds = file[next];
    if (holds === undefined) {
      throw new MarketError("MARKET_FACTOR_INVALID", `the factor file has no row from ${isoOf(day)} on`, {
        remedy: "Fetch a factor file that reaches beyond the last bar.",
      });
    }
    const full = holds.priceFactor * holds.splitFactor;
    if (row === 0) base = full;
    factor[row] = full / base;
  }
  return factor;
}

/**
 * The factor on the last row at or before `day`: the denominator of prices adjusted to that base date.
 * Throws MARKET_BASE_DAY when there is no such row.
 */
export function factorOn(day: Day, days: Int32Array, factor: Float64Array): number {
  let row = days.length - 1;
  while (row >= 0 && days[row]! > day) row--;
  if (row < 0) {
    const from = days.length === 0 ? "there are no bars" : `the first bar is ${isoOf(days[0]!)}`;
    throw new MarketError("MARKET_BASE_DAY", `no bar at or before ${isoOf(day)}: ${from}`, {
      remedy: "Choose a base date on or after the first bar.",
    });
  }
  return factor[row]!;
}
