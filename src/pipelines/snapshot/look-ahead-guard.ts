/**
 * Keeps the future out of features: a label among the columns of a research file is read by whoever mines it, a language
 * model among them, as one more input.
 */
import { ExpressionError } from "#expression/errors";
import { factsOf } from "#factors/registry";
import type { SnapshotColumn } from "./snapshot-source.ts";

/** Names by which labels go: `label_ret_1d`, `LABEL0`, `forward_return_5`, `future_close`. */
const LABEL_NAMES = /(?:^|[._$])(?:label|forward_return|fwd_ret|future|next_ret)(?:$|[\d_])/i;

/** Why a column may not be a feature; null when it may. */
export function looksAhead(column: SnapshotColumn): string | null {
  if (column.role === "label") return `${column.name} belongs to the labels of ${column.set}`;
  if (LABEL_NAMES.test(column.name)) return `${column.name} has the name of a label`;
  const rows = column.role === "factor" ? lookAheadOf(column.lineage) : 0;
  return rows > 0 ? `${column.name} reads ${rows} sessions ahead (${column.lineage})` : null;
}

/** Sessions that an expression reads ahead; 0 for a lineage that is none, such as a table's column. */
function lookAheadOf(lineage: string): number {
  try {
    return factsOf({ name: "column", expression: lineage }).lookAhead;
  } catch (error) {
    if (error instanceof ExpressionError) return 0;
    throw error;
  }
}
