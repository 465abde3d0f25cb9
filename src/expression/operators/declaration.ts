import type { Recurrence } from "#kernels/recurrence/recurrence";
import type { Dtype, OperandType } from "./dtype.ts";
import type { Reach } from "./reach.ts";

/**
 * What an operator is: its arguments, the type and reach of its result, what it does about missing values, where its
 * formula is from, and how the reference backend computes it. The parser knows none of this.
 */
export type ParameterKind =
  /** An expression that holds at least one field. */
  | "series"
  /** An expression or a number. */
  | "operand"
  /** A number of rows; which ones is the operator's `window` rule. */
  | "window"
  /** A number from 0 to 1. */
  | "share"
  | "text"
  /** A whole number such as 202003 (third quarter) or 2020. */
  | "period";

export interface Parameter {
  readonly name: string;
  readonly kind: ParameterKind;
}

/** Windows an operator takes. Whole numbers from `least` to 10 000, and what the two special forms mean. */
export interface WindowRule {
  readonly least: number;
  /** N = 0: everything since the first row; `first` refers to the first row itself. */
  readonly zero: "expanding" | "first" | "refused";
  /** 0 < N < 1. */
  readonly fraction: "exponential" | "missing" | "refused";
  /** N ≥ 1 with decimals, as the span of an exponential mean. */
  readonly decimals: boolean;
}

export type Argument = number | string;

export interface Task {
  /** Series on one common span, or numbers. */
  readonly inputs: readonly (Float64Array | number)[];
  readonly inputTypes: readonly OperandType[];
  readonly type: Dtype;
  /** The arguments that are no operands, in order: window, share, text. */
  readonly arguments: readonly Argument[];
  /** Filled by the operator; as long as the series. */
  readonly out: Float64Array;
}

export type Family =
  | "element-wise"
  | "comparison"
  | "logic"
  | "rolling"
  | "recurrence"
  | "reference"
  | "candlestick"
  | "instrument"
  | "cross-section"
  | "point in time";

export interface Operator {
  readonly name: string;
  readonly family: Family;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly window?: WindowRule;
  /** What it does with NaN and ±inf, and at the first rows. */
  readonly missing: string;
  readonly source: string;
  /** Type of the result. Throws `TypeRefusal`. */
  type(operands: readonly OperandType[], rest: readonly Argument[]): Dtype;
  /** Reach of the result, from the reaches of the series. `finite`: no operand can hold ±inf. */
  reach(operands: readonly Reach[], rest: readonly Argument[], finite: boolean): Reach;
  /**
   * What becomes of ±inf: operands' infinities pass into the result, the operator makes some of its own, or it absorbs them
   * (a window leaves them out, a condition has none). Overflow is left aside.
   */
  readonly infinity: "passes" | "makes" | "absorbs";
  /**
   * Further inputs that are appended to the operands, as `[operator name, operand index]` with the same window: shared
   * with whoever else needs them.
   */
  readonly companions?: readonly (readonly [operator: string, operand: number])[];
  /**
   * The result belongs to another instrument, runs over periods, or needs every instrument of the row: the backend changes
   * scope for it. Operators of a cross-section are never met in a graph that `planPhases` made.
   */
  readonly scope?: "instrument" | "period" | "cross-section" | "unsupported";
  /**
   * How the operator is computed row by row with a state of fixed size, from its arguments that are no operands; null
   * when with these arguments it needs the rows themselves (a window). Its row holds one number per input, and `compute`
   * gives the same bits.
   */
  readonly recurrence?: (rest: readonly Argument[]) => Recurrence | null;
  /** Series run over rows; in a cross-section over the instruments of one row, in code-point order of their ids. */
  compute(task: Task): void;
}

export function windowOf(task: Task): number {
  return task.arguments[0] as number;
}

/** Input series `index` of a task whose parameter admits series only. */
export function seriesInput(task: Task, index: number): Float64Array {
  return task.inputs[index] as Float64Array;
}

/** Kernels take rows; 0 means all, however many will follow. */
export function rowsOf(task: Task): number {
  const window = windowOf(task);
  return window === 0 ? Number.POSITIVE_INFINITY : window;
}

export const QLIB = "Qlib, qlib/data/ops.py";

/** How the source of an operator that Qlib lacks begins. */
export const BEYOND_QLIB = "ours, beyond Qlib";
