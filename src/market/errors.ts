/**
 * The coded errors of the market boundary: instrument ids, calendars, units, adjustment, trading rules.
 * Each entry is the title; the message of a thrown error says what was found, `remedy` what to do.
 */
export const marketErrors = {
  MARKET_INSTRUMENT_FORM: "an instrument code is of no known form, or has none of the form asked for",
  MARKET_VENUE_UNKNOWN: "there is no venue of this name or suffix",
  MARKET_CALENDAR_UNKNOWN: "there is no calendar of this name",
  MARKET_CALENDAR_RANGE: "a date lies outside the calendar's range",
  MARKET_NOT_A_SESSION: "the exchange is closed on this date",
  MARKET_SESSIONS_INVALID: "a list of sessions is empty, unsorted or not whole days",
  MARKET_HOURS_UNKNOWN: "the calendar knows its sessions but not their hours",
  MARKET_UNIT_UNKNOWN: "there is no unit of this name",
  MARKET_FACTOR_INVALID: "adjustment factors or a factor file do not hold what they should",
  MARKET_BASE_DAY: "no bar exists at or before the base date of an adjustment",
  MARKET_SPANS_INVALID: "a dated span ends before it begins or contradicts another one",
  MARKET_BOARD_UNKNOWN: "the instrument belongs to no board whose rules are known",
  MARKET_RULES_MISSING: "no rule is recorded for this board on this date",
  MARKET_PRICE_INVALID: "a reference price is not a positive number",
} as const;

export type MarketErrorCode = keyof typeof marketErrors;

export class MarketError extends Error {
  override readonly name = "MarketError";
  readonly code: MarketErrorCode;
  readonly remedy: string;

  constructor(
    code: MarketErrorCode,
    found: string,
    details: { readonly remedy: string; readonly cause?: unknown },
  ) {
    super(found, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy;
  }
}
