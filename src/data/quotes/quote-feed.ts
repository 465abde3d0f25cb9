import type { Day } from "#market/day";
import type { QuoteErrorCode } from "./errors.ts";

/**
 * Where the state of the running session comes from. Adapters live in a folder each; what they deliver is in canonical
 * units and ids, unadjusted, as a stored raw bar of the same day would be.
 */
export interface Quote {
  /** Canonical id: `600519.SH`. */
  readonly instrument: string;
  /** Session that the numbers are of; null when the feed does not say. */
  readonly day: Day | null;
  /** Seconds of the exchange-local day at which the server made the quote; NaN when the feed does not say. */
  readonly second: number;
  /** Last price, in currency units; NaN while nothing was traded. */
  readonly price: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  /** Reference price of the day: the last close, less what left the share on an ex-day. NaN when unknown. */
  readonly preclose: number;
  /** Shares traded since the session began. */
  readonly volume: number;
  /** Money traded since the session began. */
  readonly amount: number;
}

/** An instrument without a quote, and why. */
export interface QuoteFailure {
  readonly instrument: string;
  readonly code: QuoteErrorCode;
  readonly message: string;
}

export interface QuoteAnswer {
  /** Who answered: `tdx:host:port`. */
  readonly server: string;
  /** In the order asked for, without the failures. */
  readonly quotes: readonly Quote[];
  readonly failures: readonly QuoteFailure[];
}

export interface QuoteFeed extends AsyncDisposable {
  /** `tdx:host:port,host:port`. */
  readonly locator: string;
  /** One quote an instrument (canonical ids). Throws `QuoteError` when no server answers; may be called again then. */
  quotes(instruments: readonly string[], options?: { readonly signal?: AbortSignal }): Promise<QuoteAnswer>;
}
