import { kindOf } from "#market/trading-rules/boards";
import { readInstrument, type InstrumentId } from "#market/instrument";
import type { Quote, QuoteFailure } from "../quote-feed.ts";
import type { TdxCode, TdxQuote } from "./messages.ts";

/** Ids and units: what a server's numbers mean. */
const MARKETS = { SZSE: 0, SSE: 1, BSE: 2 } as const;

/** Market and code of a canonical mainland id; null for everything else. */
export function tdxCodeOf(instrument: string): TdxCode | null {
  const read = readInstrument(instrument);
  if (!read.ok || read.venue === null || !Object.hasOwn(MARKETS, read.venue)) return null;
  return { market: MARKETS[read.venue as keyof typeof MARKETS], code: read.code };
}

export const keyOfCode = ({ market, code }: TdxCode): string => `${market}${code}`;

/** Ticks of one currency unit: shares are quoted in fen, funds, bonds and Shanghai B shares in thousandths. */
function ticksOf(instrument: string): number {
  const kind = kindOf(instrument as InstrumentId);
  return kind === "FUND" || kind === "CONVERTIBLE" || kind === "B_SSE" ? 1000 : 100;
}

/**
 * A quote in currency units and shares, or why it cannot be one. Volumes come in hands of 100 shares from most servers and in
 * shares from some; amount ÷ volume, which has to lie near the day's prices, tells which.
 */
export function quoteOf(instrument: string, given: TdxQuote): Quote | QuoteFailure {
  const ticks = ticksOf(instrument);
  const { price, open, high, low, preclose, volume, amount } = given;
  const failed = (message: string): QuoteFailure => ({ instrument, code: "QUOTE_VALUES_INVALID", message });
  const second = secondOf(given.time);
  if (!(preclose >= 0) || !(volume >= 0) || !(amount >= 0) || amount === Number.POSITIVE_INFINITY)
    return failed(`a preclose of ${preclose} ticks, a volume of ${volume} and an amount of ${amount}`);
  const shared = { instrument, day: null, second, preclose: preclose === 0 ? Number.NaN : preclose / ticks };
  if (volume === 0) {
    const none = Number.NaN;
    return { ...shared, price: none, open: none, high: none, low: none, volume: 0, amount: 0 };
  }
  if (!(low > 0 && low <= open && open <= high && low <= price && price <= high))
    return failed(`a price of ${price}, open ${open}, high ${high} and low ${low} ticks`);
  const shares = sharesOf({ volume, amount, low: low / ticks, high: high / ticks }, instrument);
  if (Number.isNaN(shares))
    return failed(
      `an amount of ${amount} for a volume of ${volume} at prices of ${low / ticks} to ${high / ticks}`,
    );
  return {
    ...shared,
    price: price / ticks,
    open: open / ticks,
    high: high / ticks,
    low: low / ticks,
    volume: shares,
    amount,
  };
}

/** How far amount ÷ volume may lie outside the day's prices: volumes are rounded to hands, amounts to 24 bits. */
const SLACK = 2;

/** The volume in shares, NaN when neither unit fits the amount. An index has no price to compare with. */
export function sharesOf(
  bar: { readonly volume: number; readonly amount: number; readonly low: number; readonly high: number },
  instrument: string,
): number {
  const { volume, amount, low, high } = bar;
  if (kindOf(instrument as InstrumentId) === "INDEX") return volume * 100;
  const fits = (shares: number): boolean => amount / shares >= low / SLACK && amount / shares <= high * SLACK;
  if (fits(volume * 100)) return volume * 100;
  return fits(volume) ? volume : Number.NaN;
}

/**
 * `HHMMFFFF` (FFFF ten-thousandths of a minute) as seconds of the day; NaN when it is no time. Where that would be minute 60
 * or later, the six digits behind the hour are millionths of it, as pytdx reads them.
 */
function secondOf(time: number): number {
  const [hour, minute] = [Math.floor(time / 1e6), Math.floor(time / 1e4) % 100];
  if (!(time > 0 && hour < 24)) return Number.NaN;
  if (minute >= 60) return hour * 3600 + ((time % 1e6) * 3600) / 1e6;
  return hour * 3600 + minute * 60 + ((time % 1e4) * 60) / 1e4;
}
