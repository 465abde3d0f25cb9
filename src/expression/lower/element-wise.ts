import type { Arithmetic } from "#kernels/wasm/vector-graph";
import type { Lowering } from "./lowering.ts";

/** Arithmetic of one row. What Qlib types float32 is rounded to float32 by the context. */
function arithmetic(op: Arithmetic): Lowering {
  return {
    supports: ({ type }) => type === "f32" || type === "f64" || type === "i64",
    lower(context, node) {
      return context.vectors.compute(op, ...context.operands(node));
    },
  };
}

/** NumPy adds two conditions to "either" and multiplies them to "both". */
function ofConditionsToo(plain: Lowering, logic: "and" | "or"): Lowering {
  return {
    supports: (node, graph) => node.type === "bool" || plain.supports!(node, graph),
    lower(context, node) {
      if (node.type !== "bool") return plain.lower(context, node);
      const [left, right] = node.inputs as readonly [number, number];
      return context.vectors[logic](context.condition(left), context.condition(right));
    },
  };
}

/**
 * NaN on either side is NaN. The short form, b where a < b and else a, loses a NaN in b and the sign of a zero; it serves
 * close results with a number in b.
 */
function extreme(op: "max" | "min", short: "pmax" | "pmin"): Lowering {
  const plain = arithmetic(op);
  return {
    ...plain,
    lower(context, node) {
      const isNumber = context.graph.nodes[node.inputs[1]!]!.kind === "number";
      if (context.mode.close !== true || !isNumber) return plain.lower(context, node);
      return context.vectors.compute(short, ...context.operands(node));
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
  Add: ofConditionsToo(arithmetic("add"), "or"),
  Mul: ofConditionsToo(arithmetic("mul"), "and"),
  Greater: extreme("max", "pmax"),
  Less: extreme("min", "pmin"),
  /** Squares and roots; other powers are the reference kernel's. */
  Power: {
    supports: ({ type, inputs }, graph) => {
      const [base, exponent] = inputs.map((id) => graph.nodes[id]!);
      const isKnown = exponent!.kind === "number" && [2, 0.5].includes(exponent!.value);
      return isKnown && base!.kind !== "number" && (type === "f32" || type === "f64");
    },
    lower(context, node) {
      const { vectors } = context;
      const [base, exponent] = node.inputs as readonly [number, number];
      const x = context.number(base);
      const power = context.graph.nodes[exponent]!;
      if (power.kind === "number" && power.value === 0.5) return vectors.sqrt(x);
      return vectors.mul(x, x);
    },
  },
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
    lower(context, node) {
      const x = context.number(node.inputs[0]!);
      return context.mode.close === true ? context.vectors.closeLog(x) : context.vectors.log(x);
    },
  },
};
