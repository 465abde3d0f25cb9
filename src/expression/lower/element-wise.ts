import type { Arithmetic } from "#kernels/wasm/vector-graph";
import type { Lowering } from "./lowering.ts";

/** Arithmetic of one row. What Qlib types float32 is rounded to float32 by the context. */
function arithmetic(op: Arithmetic): Lowering {
  return {
    supports: ({ type }) => type === "f32" || type === "f64",
    lower(context, node) {
      return context.vectors.compute(op, ...context.operands(node));
    },
  };
}

export const elementWise: Readonly<Record<string, Lowering>> = {
  Sub: arithmetic("sub"),
  Div: {
    ...arithmetic("div"),
    /**
     * Qlib's float32 quotients are exact. A float64 one that float32 lanes stand in for is a product with the reciprocal:
     * many factors have the same denominator.
     */
    lower(context, node) {
      const { vectors } = context;
      const [left, right] = context.operands(node);
      if (node.type === "f32" || context.mode.lanes === "f64x2") return vectors.div(left, right);
      return vectors.mul(left, vectors.div(vectors.constant(1), right));
    },
  },
  Add: arithmetic("add"),
  Mul: arithmetic("mul"),
  Greater: arithmetic("max"),
  Less: arithmetic("min"),
  Abs: {
    supports: ({ type }) => type === "f32" || type === "f64",
    lower: (context, node) => context.vectors.abs(context.number(node.inputs[0]!)),
  },
  Sign: {
    lower(context, node) {
      const { vectors } = context;
      const x = vectors.round(context.number(node.inputs[0]!));
      const zero = vectors.constant(0);
      const negative = vectors.select(vectors.compare("lt", x, zero), vectors.constant(-1), x);
      return vectors.select(vectors.compare("gt", x, zero), vectors.constant(1), negative);
    },
  },
  /** Of float32 only, where NumPy's own polynomial is followed bit by bit. */
  Log: {
    supports: ({ type, inputs }, graph) => type === "f32" && graph.nodes[inputs[0]!]!.type === "f32",
    lower: (context, node) => context.vectors.log(context.number(node.inputs[0]!)),
  },
};
