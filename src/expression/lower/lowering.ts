import type { Vector } from "#kernels/wasm/vector-graph";
import type { AppliedOperator, Graph } from "../ir/node.ts";
import type { LoweringContext } from "./context.ts";

/** How an operator becomes vector code. */
export interface Lowering {
  /** Whether this use of the operator (its window, its operand types) can be lowered. Default: always. */
  supports?(node: AppliedOperator, graph: Graph): boolean;
  lower(context: LoweringContext, node: AppliedOperator): Vector;
  /**
   * Windows the node lays over its operands: how many rows back each input (by position) is read, today being 0.
   * Default: no window, operands of today only.
   */
  back?(node: AppliedOperator): number;
  /** Carries a state from the instrument's first row on, so every row has to be run. */
  readonly continuous?: boolean;
  /** Operands are read through windows that must hold nothing missing for the complete version. */
  readonly windowed?: boolean;
  /** About how many vector operations a row costs, where that is no matter of a window. */
  readonly operations?: number;
}

export function windowRows(node: AppliedOperator): number {
  return node.arguments[0] as number;
}

/** A whole window of at least one row and at most `most`. */
export function isPlainWindow(node: AppliedOperator, most = Number.POSITIVE_INFINITY): boolean {
  const rows = windowRows(node);
  return Number.isInteger(rows) && rows >= 1 && rows <= most;
}
