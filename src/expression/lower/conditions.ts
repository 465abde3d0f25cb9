import type { Comparison, Vector } from "#kernels/wasm/vector-graph";
import type { Graph, AppliedOperator } from "../ir/node.ts";
import type { Lowering } from "./lowering.ts";
import type { LoweringContext } from "./context.ts";

function comparison(op: Comparison): Lowering {
  return { lower: (context, node) => context.vectors.compare(op, ...context.operands(node)) };
}

function ofConditions(node: AppliedOperator, graph: Graph): boolean {
  return node.inputs.every((id) => graph.nodes[id]!.type === "bool");
}

function logic(of: (context: LoweringContext, a: Vector, b: Vector) => Vector): Lowering {
  return {
    supports: ofConditions,
    lower: (context, { inputs }) => of(context, context.condition(inputs[0]!), context.condition(inputs[1]!)),
  };
}

export const conditions: Readonly<Record<string, Lowering>> = {
  Gt: comparison("gt"),
  Ge: comparison("ge"),
  Lt: comparison("lt"),
  Le: comparison("le"),
  Eq: comparison("eq"),
  Ne: comparison("ne"),
  And: logic(({ vectors }, a, b) => vectors.and(a, b)),
  Or: logic(({ vectors }, a, b) => vectors.or(a, b)),
  Not: {
    supports: ofConditions,
    lower: (context, { inputs }) => context.vectors.not(context.condition(inputs[0]!)),
  },
  /** A NaN condition does not hold. */
  Where: {
    supports: ({ type }) => type === "f32" || type === "f64",
    lower(context, node) {
      const { vectors } = context;
      const [x, condition] = node.inputs as readonly [number, number];
      const number = context.number(condition);
      const isKnown = vectors.compare("eq", number, number);
      const holds = vectors.and(context.condition(condition), isKnown);
      return vectors.select(holds, context.number(x), vectors.constant(Number.NaN));
    },
  },
  /** numpy.where: a NaN condition is true. */
  If: {
    supports: ({ type }) => type === "f32" || type === "f64",
    lower(context, node) {
      const [condition, yes, no] = node.inputs as readonly [number, number, number];
      const branch = (id: number): Vector => {
        const input = context.graph.nodes[id]!;
        return input.kind === "number" && node.type === "f32"
          ? context.vectors.constant(Math.fround(input.value))
          : context.number(id);
      };
      return context.vectors.select(context.condition(condition), branch(yes), branch(no));
    },
  },
};
