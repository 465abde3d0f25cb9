import type { Day } from "../day.ts";
import type { InstrumentId } from "../instrument.ts";
import { boards, isBoard, kindOf } from "./boards.ts";
import { recordOn, type Dated } from "./dated.ts";
import { limitPrices } from "./limit-price.ts";
import { firstDaysOf, priceLimits, type PriceLimit } from "./price-limit.ts";
import type { TradingStatus } from "./status.ts";
import { priceDecimals } from "./ticks.ts";

/**
 * Limit prices over all the rows of one instrument, for checks on whole markets: the same answers as
 * `limitPricesUnder(rulesOn(…))` row by row, with each record looked up once per stretch of days.
 */
export interface DailyLimits {
  /** NaN where there is no limit or none is known. */
  readonly up: Float64Array;
  readonly down: Float64Array;
}

export interface DailyLimitRows {
  readonly days: Int32Array;
  /** Reference prices: the preclose (on a first day the issue price, which vendors put there). NaN gives NaN. */
  readonly reference: Float64Array;
  /** 1 on rows under risk warning; left out, none is. */
  readonly st?: ArrayLike<number>;
}

/** Rows of anything but a mainland share, or before its board opened, have no limits (NaN). */
export function dailyLimits(
  id: InstrumentId,
  rows: DailyLimitRows,
  status: Omit<TradingStatus, "st"> = {},
): DailyLimits {
  const { days, reference, st } = rows;
  const up = new Float64Array(days.length).fill(Number.NaN);
  const down = new Float64Array(days.length).fill(Number.NaN);
  const board = kindOf(id);
  if (!isBoard(board)) return { up, down };
  const decimals = priceDecimals[board];
  const normalOn = stretchLookup(priceLimits[board].normal);
  const stOn = stretchLookup(priceLimits[board].st);
  const delistingFrom = status.delistingFrom ?? Number.POSITIVE_INFINITY;
  for (let row = 0; row < days.length; row++) {
    const day = days[row]!;
    if (!(reference[row]! > 0) || day < boards[board].opened) continue;
    const special = firstDaysOf(board, day, status);
    const riskWarning = st !== undefined && st[row] === 1 && day < delistingFrom;
    const limit = special === undefined ? (riskWarning ? stOn(day) : normalOn(day)) : special.limit;
    if (limit?.kind !== "percent") continue;
    const prices = limitPrices(reference[row]!, { upPct: limit.upPct, downPct: limit.downPct, decimals });
    up[row] = prices.up;
    down[row] = prices.down;
  }
  return { up, down };
}

/** Looks a record up by day, remembering the last one found. */
function stretchLookup(records: readonly Dated<PriceLimit>[]): (day: Day) => PriceLimit | undefined {
  let last: Dated<PriceLimit> | undefined;
  return (day) => {
    if (last === undefined || day < last.from || (last.to !== null && day > last.to)) {
      last = recordOn(records, day);
    }
    return last?.value;
  };
}
