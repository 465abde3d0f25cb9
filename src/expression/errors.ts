/**
 * The coded errors of the expression language: text, operators, types, evaluation, and factor rules that rest on them.
 * Each entry is the title; the message of a thrown error says what was found and where, `remedy` what to do.
 */
export const expressionErrors = {
  EXPRESSION_EMPTY: "there is no expression",
  EXPRESSION_TOO_LONG: "the text is longer than an expression may be",
  EXPRESSION_TOO_DEEP: "the expression nests deeper than allowed",
  EXPRESSION_TOO_LARGE: "the expression has more nodes than allowed",
  EXPRESSION_CHARACTER: "a character has no meaning in an expression",
  EXPRESSION_NUMBER: "a number cannot be read or computed",
  EXPRESSION_TEXT_OPEN: "a quoted text does not end",
  EXPRESSION_SYNTAX: "a word or sign stands where it may not",
  EXPRESSION_UNARY_MINUS: "a minus sign stands before something that is not a number",
  EXPRESSION_OPERATOR_UNKNOWN: "there is no operator of this name",
  EXPRESSION_OPERATOR_UNSUPPORTED: "the operator cannot be used on panels",
  EXPRESSION_ARITY: "an operator has too few or too many arguments",
  EXPRESSION_ARGUMENT: "an argument is not of the kind that the operator takes",
  EXPRESSION_WINDOW: "a window is not one that the operator takes",
  EXPRESSION_TYPE: "an operator does not accept operands of these types",
  EXPRESSION_CONSTANT: "the expression holds no field, so it has no rows",
  EXPRESSION_PERIODIC: "a periodic field is used where only daily ones may be, or the other way round",
  EXPRESSION_FIELD_UNKNOWN: "the data have no such field",
  EXPRESSION_INSTRUMENT_UNKNOWN: "the data have no such instrument",
  EXPRESSION_OUTSIDE_UNIVERSE: "a value across instruments is asked for an instrument that takes no part",
  EXPRESSION_LOOKS_AHEAD: "a factor may not use later days than its own",
  EXPRESSION_NOT_STREAMED: "the expression cannot be computed one bar at a time",
  EXPRESSION_NAME_TWICE: "two expressions have the same name",
  EXPRESSION_SET_UNKNOWN: "there is no factor set of this name",
} as const;

export type ExpressionErrorCode = keyof typeof expressionErrors;

export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
  readonly code: ExpressionErrorCode;
  readonly remedy: string;
  /** 1-based column in the expression text, 0 when the error is about no particular place. */
  readonly column: number;

  constructor(
    code: ExpressionErrorCode,
    found: string,
    details: { readonly remedy: string; readonly column?: number },
  ) {
    const column = details.column ?? 0;
    super(column > 0 ? `column ${column}: ${found}` : found);
    this.code = code;
    this.remedy = details.remedy;
    this.column = column;
  }
}
