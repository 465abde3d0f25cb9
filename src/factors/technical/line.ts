import { parseExpression } from "#expression/syntax/parse";
import { formatExpression } from "#expression/syntax/format";

/**
 * An indicator's line: the expression, and the row (0 is the instrument's first) of its first value when no bar is missing.
 * Builders take lines or plain expressions and keep count, so that an average of an indicator begins when it is full.
 */
export interface Line {
  readonly text: string;
  readonly from: number;
  /** The expression has values before `from`, of windows that are not full; they are hidden in the end. */
  readonly early?: boolean;
}

export type Input = string | Line;

/** What takes the place of 0/0 where nothing moved: missing unless told. */
export type Flat = number | "missing";

export function lineOf(x: Input): Line {
  return typeof x === "string" ? { text: x, from: 0 } : x;
}

/** The line with nothing before row `from`. */
export function startingAt(line: Line, from: number): Line {
  return from <= line.from ? line : { text: line.text, from, early: true };
}

/** The expression with nothing before its first row: what recurrences need, which count their values. */
export function hidden(x: Input): string {
  const { text, from, early } = lineOf(x);
  return early === true ? `WarmUp(${text},${from})` : text;
}

/** A window of `period` rows by operator name, missing until it is full. */
export function windowed(operator: string, x: Input, period: number): Line {
  const { text, from, early } = lineOf(x);
  if (period === 1) return { text: `${operator}(${text},1)`, from, early: early ?? false };
  return { text: `${operator}(${text},${period})`, from: from + period - 1, early: true };
}

/** A recurrence by operator name that has its first value after `period` values of x. */
export function smoothed(operator: string, x: Input, period: number): Line {
  return { text: `${operator}(${hidden(x)},${period})`, from: lineOf(x).from + period - 1 };
}

/** Lines combined row by row; `text` gets them in brackets. */
export function combined(lines: readonly Line[], text: (...parts: string[]) => string): Line {
  return {
    text: text(...lines.map((line) => `(${line.text})`)),
    from: Math.max(...lines.map(({ from }) => from)),
    early: lines.some((line) => line.early === true),
  };
}

/** times · (top/bottom), and `flat` where the bottom is 0; a missing one stays missing. A quotient of 1 gives exactly `times`. */
export function ratio(
  top: string,
  bottom: string,
  options: { readonly flat?: Flat | undefined; readonly times?: number },
): string {
  const { flat = "missing", times = 1 } = options;
  const quotient = times === 1 ? `(${top})/(${bottom})` : `${times}*((${top})/(${bottom}))`;
  return flat === "missing" ? quotient : `If((${bottom})==0,${flat},${quotient})`;
}

/** The expression in the language's own spelling. */
export function expressionOf(line: Line): string {
  return formatExpression(parseExpression(hidden(line)));
}
