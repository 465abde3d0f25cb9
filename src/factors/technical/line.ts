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
  /** A recurrence, which repeats its last value on days without a bar. */
  readonly carried?: boolean;
}

/** Whether the instrument was traded that day. */
const TRADED = "$close>0";

export type Input = string | Line;

/** What takes the place of 0/0 where nothing moved: missing unless told. */
export type Flat = number | "missing";

export function lineOf(x: Input): Line {
  return typeof x === "string" ? { text: x, from: 0 } : x;
}

/** The line with nothing before row `from`. */
export function startingAt(line: Line, from: number): Line {
  return from <= line.from ? line : { ...line, from, early: true };
}

/** The expression with nothing before its first row. */
export function hidden(x: Input): string {
  const { text, from, early } = lineOf(x);
  return early === true ? `WarmUp(${text},${from})` : text;
}

/** What a recurrence of the line takes: every value once, and nothing that is repeated on a day without a bar. */
export function values(x: Input): string {
  return lineOf(x).carried === true ? `Where(${hidden(x)},${TRADED})` : hidden(x);
}

/** A window of `period` rows by operator name, missing until it is full. */
export function windowed(operator: string, x: Input, period: number): Line {
  const { text, from, early = false } = lineOf(x);
  return {
    text: `${operator}(${text},${period})`,
    from: from + period - 1,
    early: early || period > 1,
  };
}

/** A recurrence by operator name that has its first value after `period` values of x. */
export function smoothed(operator: string, x: Input, period: number): Line {
  return recurrent(`${operator}(${values(x)},${period})`, lineOf(x).from + period - 1);
}

/** The line of a recurrence that has its first value on row `from`. */
export function recurrent(text: string, from: number): Line {
  return { text, from, carried: true };
}

/** Lines combined row by row; `text` gets them in brackets. */
export function combined(lines: readonly Line[], text: (...parts: string[]) => string): Line {
  return {
    text: text(...lines.map((line) => `(${line.text})`)),
    from: Math.max(...lines.map(({ from }) => from)),
    early: lines.some((line) => line.early === true),
    carried: lines.some((line) => line.carried === true),
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
