import type { Vector } from "#kernels/wasm/vector-graph";
import type { AppliedOperator } from "../ir/node.ts";
import type { LoweringContext } from "./context.ts";
import { isPlainWindow, windowRows, type Lowering } from "./lowering.ts";

/** Earlier rows; before the instrument's first one there is NaN. Later rows are left to the reference kernel. */
function earlier(context: LoweringContext, node: AppliedOperator): Vector {
  const { vectors } = context;
  const rows = windowRows(node);
  const value = vectors.lagged(context.number(node.inputs[0]!), rows);
  return vectors.select(context.exists(rows), value, vectors.constant(Number.NaN));
}

export const reference: Readonly<Record<string, Lowering>> = {
  Ref: { supports: (node) => isPlainWindow(node), back: windowRows, lower: earlier },
  /** NaN on the first N rows. */
  WarmUp: {
    supports: ({ type }) => type === "f32" || type === "f64",
    back: windowRows,
    lower(context, node) {
      const { vectors } = context;
      const value = context.number(node.inputs[0]!);
      return vectors.select(context.exists(windowRows(node)), value, vectors.constant(Number.NaN));
    },
  },
  Delta: {
    supports: (node) => isPlainWindow(node),
    back: windowRows,
    lower: (context, node) => context.vectors.sub(context.number(node.inputs[0]!), earlier(context, node)),
  },
};
