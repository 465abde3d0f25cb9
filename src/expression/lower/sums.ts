import type { Vector } from "#kernels/wasm/vector-graph";
import type { LoweringContext } from "./context.ts";
import { isPlainWindow, windowRows, type Lowering } from "./lowering.ts";

/** Σ of a vector over the last `rows` rows. */
export function windowSum(context: LoweringContext, value: Vector, rows: number): Vector {
  const { vectors, trees } = context;
  return trees.summary(
    {
      key: `sum ${value.id}`,
      leaf(length) {
        let sum = value;
        for (let back = 1; back < length; back++) sum = vectors.add(sum, vectors.lagged(value, back));
        return { sum };
      },
      merge: (newer, older) => ({ sum: vectors.add(newer.sum, older.sum) }),
    },
    rows,
  ).sum;
}

/** How many of the last `rows` rows meet a condition. */
export function windowCount(context: LoweringContext, condition: Vector, rows: number): Vector {
  return windowSum(context, context.vectors.keep(condition, context.vectors.constant(1)), rows);
}

export function presentSum(context: LoweringContext, id: number, rows: number): Vector {
  const { value, present } = context.stream(id);
  return windowSum(context, context.vectors.keep(present, value), rows);
}

export const sums: Readonly<Record<string, Lowering>> = {
  Sum: {
    windowed: true,
    supports: (node) => isPlainWindow(node),
    back: (node) => windowRows(node) - 1,
    lower(context, node) {
      const rows = windowRows(node);
      const { present } = context.stream(node.inputs[0]!);
      const sum = presentSum(context, node.inputs[0]!, rows);
      return context.unlessEmpty(windowCount(context, present, rows), sum);
    },
  },
  /** Counts what is not NaN; ±inf counts. */
  Count: {
    windowed: true,
    supports: (node) => isPlainWindow(node),
    back: (node) => windowRows(node) - 1,
    lower(context, node) {
      const { vectors } = context;
      const { value } = context.stream(node.inputs[0]!);
      const known = context.mode.complete
        ? vectors.condition(true)
        : vectors.and(context.exists(0), vectors.compare("eq", value, value));
      return windowCount(context, known, windowRows(node));
    },
  },
};
