/**
 * The coded errors of reading features. An unknown factor is a `FactorError`, an expression that is wrong an
 * `ExpressionError`, an unknown instrument or a store that cannot be read a `DataError`.
 */
export const readErrors = {
  READ_DATES_INVERTED: "the first day asked for is after the last one",
  READ_NOTHING_ASKED: "no name or no instrument was asked for",
  READ_NAME_TWICE: "two of the names asked for would be one column",
  READ_FIELD_UNKNOWN: "the store has no such field with the prices asked for",
} as const;

export type ReadErrorCode = keyof typeof readErrors;

export class ReadError extends Error {
  override readonly name = "ReadError";
  readonly code: ReadErrorCode;
  readonly remedy: string;

  constructor(code: ReadErrorCode, found: string, details: { readonly remedy: string }) {
    super(found);
    this.code = code;
    this.remedy = details.remedy;
  }
}
