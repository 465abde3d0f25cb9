import type { Quote } from "#data/quotes/quote-feed";
import { closeNoiseOf } from "#market/adjustment/close-noise";
import { factorFromPreclose, type CloseNoise } from "#market/adjustment/factor";
import { barFields, isBarField } from "#market/bar";
import type { Day } from "#market/day";
import type { InstrumentId } from "#market/instrument";
import type { PartialFailure } from "./errors.ts";

/** The bar of a session that is not over, as the store will have it if the session ended now. */

/** The last stored row on which an instrument traded. */
export interface LastTraded {
  readonly day: Day;
  /** As traded; NaN for what is not stored. */
  readonly close: number;
  readonly open: number;
  readonly low: number;
  readonly high: number;
  readonly preclose: number;
  /** Shares. */
  readonly volume: number;
  /** Cumulative, 1 on the first stored bar. */
  readonly factor: number;
}

export interface PartialBar {
  readonly instrument: string;
  readonly quote: Quote;
  /** The cumulative factor of the running session: today's, when it is an ex-day. */
  readonly factor: number;
  /** The stored bars are front-adjusted and used as they are; so is this one. */
  readonly isStoredAdjusted: boolean;
}

/**
 * The running session's factor, as an import of its bar derives it: a preclose that is not the last close makes an ex-day,
 * by the rule of the instrument's source. Without a trade or a preclose the last factor is carried.
 */
export function partialBarOf(
  quote: Quote,
  last: LastTraded | null,
  context: {
    readonly day: Day;
    readonly attributes: Readonly<Record<string, string>>;
    readonly isStoredAdjusted: boolean;
  },
): PartialBar | PartialFailure {
  const { instrument } = quote;
  const { isStoredAdjusted } = context;
  if (last === null) return { instrument, quote, factor: 1, isStoredAdjusted };
  const step = stepOf(quote, last, context);
  if (!isStoredAdjusted || step === 1)
    return { instrument, quote, factor: last.factor * step, isStoredAdjusted };
  const message = `its last stored close is ${last.close} and today's reference price ${quote.preclose}: the front-adjusted history is not the one of today`;
  return { code: "PARTIAL_HISTORY_REWRITTEN", instrument, column: null, message };
}

function stepOf(
  { price, preclose, instrument }: Quote,
  { day: before, close, low, high }: LastTraded,
  { day, attributes }: { readonly day: Day; readonly attributes: Readonly<Record<string, string>> },
): number {
  const ratio = Number(attributes["exDayTolerance"] ?? 0);
  const rows = {
    days: Int32Array.of(before, day),
    low: Float64Array.of(low, Number.NaN),
    high: Float64Array.of(high, Number.NaN),
  };
  const noise: CloseNoise = ratio === 0 ? {} : closeNoiseOf(instrument as InstrumentId, ratio, rows);
  return factorFromPreclose(Float64Array.of(close, price), Float64Array.of(Number.NaN, preclose), noise)[1]!;
}

/** A market field of the bar, as traded; NaN for what no quote says. */
export function tradedValue({ quote, factor }: PartialBar, field: string): number {
  const isTraded = quote.volume > 0;
  switch (field) {
    case "open":
    case "high":
    case "low":
    case "preclose":
    case "volume":
    case "amount":
      return quote[field];
    case "close":
      return quote.price;
    case "vwap":
      return isTraded ? quote.amount / quote.volume : Number.NaN;
    case "factor":
      return factor;
    case "status":
      return isTraded ? 1 : Number.NaN;
    default:
      return Number.NaN;
  }
}

/** The fields of {@link tradedValue}. */
export const QUOTED_FIELDS: ReadonlySet<string> = new Set(Object.keys(barFields));

/**
 * The same in the prices of a snapshot: `divisor` is what factors are divided by (1 for Qlib's prices, the factor on the base
 * day for front-adjusted ones), null for prices as traded.
 */
export function adjustedField(bar: PartialBar, field: string, divisor: number | null): number {
  const value = tradedValue(bar, field);
  if (divisor === null || bar.isStoredAdjusted) return value;
  const by = bar.factor / divisor;
  if (field === "factor") return by;
  const rule = isBarField(field) ? barFields[field].adjusts : "none";
  if (rule === "price") return value * by;
  return rule === "volume" ? value / by : value;
}
