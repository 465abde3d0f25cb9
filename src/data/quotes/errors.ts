/**
 * The coded errors of quote feeds. What concerns one instrument is a `QuoteFailure` beside the other quotes; what
 * concerns the connection is thrown.
 */
export const quoteErrors = {
  QUOTE_SERVER_UNREACHABLE: "no connection to the quote server could be made",
  QUOTE_TIMED_OUT: "the quote server did not answer in time",
  QUOTE_CLOSED: "the quote server closed the connection before it had answered",
  QUOTE_BYTES_INVALID: "the quote server's answer is not of the stated format",
  QUOTE_ADDRESS_INVALID: "the address of a quote server is not of the form HOST:PORT",
  QUOTE_INSTRUMENT_UNKNOWN: "the feed does not know instruments of this kind",
  QUOTE_MISSING: "the quote server has no quote of the instrument",
  QUOTE_VALUES_INVALID: "the numbers of a quote contradict each other",
} as const;

export type QuoteErrorCode = keyof typeof quoteErrors;

export class QuoteError extends Error {
  override readonly name = "QuoteError";
  readonly code: QuoteErrorCode;
  readonly remedy: string;

  constructor(
    code: QuoteErrorCode,
    found: string,
    details: { readonly remedy: string; readonly cause?: unknown },
  ) {
    super(found, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy;
  }
}
