/** The coded errors of live features. What a store, a source or a quote feed reports passes through with its own code. */
export const liveErrors = {
  LIVE_NOTHING_ASKED: "no instrument or no column was asked for",
  LIVE_WINDOW_INVALID: "the window is not a number of trading days",
  LIVE_FREQUENCY: "the source holds bars of another frequency",
  LIVE_MOMENT_UNKNOWN: "the exchange calendar says nothing about the moment",
  LIVE_STORE_BEHIND: "the source lacks sessions that have closed",
  LIVE_BASE_DAY_AHEAD: "the base day of the prices lies after the last row",
  LIVE_LOOKS_AHEAD: "a column that knows the future was asked for as a feature",
  LIVE_NO_FEED: "a partial bar was asked for without a quote feed",
  LIVE_NOT_DAILY: "a partial bar is made for daily bars only",
} as const;

export type LiveErrorCode = keyof typeof liveErrors;

export class LiveError extends Error {
  override readonly name = "LiveError";
  readonly code: LiveErrorCode;
  readonly remedy: string;

  constructor(code: LiveErrorCode, found: string, details: { readonly remedy: string }) {
    super(found);
    this.code = code;
    this.remedy = details.remedy;
  }
}

/** Why a partial row lacks an instrument or a column; everything else of the answer holds. */
export type PartialProblem =
  | "PARTIAL_NO_QUOTE"
  | "PARTIAL_QUOTE_STALE"
  | "PARTIAL_HISTORY_REWRITTEN"
  | "PARTIAL_NO_DEFINITION"
  | "PARTIAL_NOT_QUOTED"
  | "PARTIAL_ACROSS_INSTRUMENTS"
  | "PARTIAL_NOT_COMPUTED";

export interface PartialFailure {
  readonly code: PartialProblem;
  /** Canonical id; null when a column fails for all instruments. */
  readonly instrument: string | null;
  /** Name of the column; null when an instrument fails in all columns. */
  readonly column: string | null;
  readonly message: string;
}
