import type { ExpressionErrorCode } from "#expression/errors";

/**
 * The coded errors of factor sets and of the registry that holds them; what is wrong with an expression is an
 * `ExpressionError`. The message says what was found, `remedy` what to do, `place` in which file.
 */
export const factorErrors = {
  FACTOR_UNKNOWN: "no factor has this name",
  FACTOR_CLASH: "two factors claim one name, or two sets one namespace",
  FACTOR_DECLARATION: "a factor is not declared as one",
  FACTOR_FILE_UNREADABLE: "a file of factors cannot be read",
  FACTOR_FILE_SYNTAX: "a file of factors is no well-formed YAML or TypeScript",
  FACTOR_FILE_CONTENT: "a file of factors holds something else than a factor set",
  FACTOR_MODULE_THREW: "a module of factors failed while it was loaded",
} as const;

export type FactorErrorCode = keyof typeof factorErrors;

/** Where in a user's file: numbers are 1-based. */
export interface FactorPlace {
  readonly file?: string;
  readonly row?: number;
  readonly column?: number;
  readonly factor?: string;
}

export class FactorError extends Error {
  override readonly name = "FactorError";
  readonly code: FactorErrorCode;
  readonly remedy: string;
  readonly place: FactorPlace;

  constructor(
    code: FactorErrorCode,
    found: string,
    details: { readonly remedy: string; readonly place?: FactorPlace; readonly cause?: unknown },
  ) {
    super(found, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy;
    this.place = details.place ?? {};
  }
}

/** What is wrong with a user's factor or file, as it is reported beside the factors that work. */
export interface FactorProblem {
  readonly code: FactorErrorCode | ExpressionErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly place: FactorPlace;
}
