import { buildGraph, treeOf, type ExpressionSource } from "./ir/build.ts";
import type { Graph, GraphOutput } from "./ir/node.ts";
import { printGraph } from "./ir/print.ts";
import { lookAheadOf, lookBackOf } from "./operators/reach.ts";
import { planPhases, printPhases } from "./plan/phases.ts";
import { planBlocks } from "./plan/block-plan.ts";
import { printBlockPlan } from "./plan/print-block-plan.ts";
import { planOf, printPlan } from "./plan/plan.ts";
import { formatExpression } from "./syntax/format.ts";
import { childrenOf, type SyntaxNode } from "./syntax/tree.ts";
import { formatNumber } from "./syntax/format.ts";

/**
 * Everything the compiler knows about an expression, as text: syntax tree, graph with types, look-back, plan of the
 * reference backend and of the vector code. `float32`: as in a factor set that allows float32 lanes.
 */
export function explainExpression(
  source: ExpressionSource,
  facts: Pick<GraphOutput, "float32"> = {},
): string {
  const tree = treeOf(source);
  const graph = buildGraph([{ name: "result", expression: tree, ...facts }]);
  const root = graph.nodes[graph.outputs[0]!.node]!;
  const back = lookBackOf(root.reach);
  return [
    `expression  ${formatExpression(tree)}`,
    `type        ${root.type}`,
    `look-back   ${back === Number.POSITIVE_INFINITY ? "unbounded (every earlier row)" : `${back} rows`}`,
    `look-ahead  ${lookAheadOf(root.reach)} rows`,
    "",
    "syntax tree",
    printTree(tree),
    "",
    "graph",
    printGraph(graph),
    "",
    ...planLines(graph),
    "",
    ...vectorLines(graph),
  ].join("\n");
}

function planLines(graph: Graph): readonly string[] {
  if (planPhases(graph).before.length === 0) {
    return ["plan", printPlan(planOf(graph, [graph.outputs[0]!.node]))];
  }
  return ["plan (universe: every instrument of the data, on the rows of its own span)", printPhases(graph)];
}

/** Vector code of each phase, with nodes numbered as the rewritten graph has them. */
function vectorLines(graph: Graph): readonly string[] {
  const { before, last } = planPhases(graph);
  const phases = [...before.map((phase) => phase.graph), last];
  return phases.flatMap((phase, index) => {
    const plan = planBlocks(phase, { precision: "f32" });
    const title = phases.length > 1 ? `vector code, phase ${index + 1}` : "vector code";
    return [`${title} (graph after rewriting)`, printGraph(plan.graph), printBlockPlan(plan)];
  });
}

export function printTree(tree: SyntaxNode, indent = ""): string {
  const lines = [`${indent}${label(tree)}`];
  for (const child of childrenOf(tree)) lines.push(printTree(child, `${indent}  `));
  return lines.join("\n");
}

function label(tree: SyntaxNode): string {
  const place = tree.column > 0 ? `  @${tree.column}` : "";
  switch (tree.kind) {
    case "field":
      return `field $${tree.name}${place}`;
    case "periodic":
      return `periodic field $$${tree.name}${place}`;
    case "number":
      return `number ${formatNumber(tree.value, tree.whole)}${place}`;
    case "text":
      return `text '${tree.value}'${place}`;
    case "binary":
      return `${tree.sign}${place}`;
    case "comparison":
      return `${tree.signs.join(" ")}${tree.signs.length > 1 ? " (only the last comparison counts)" : ""}${place}`;
    default:
      return `${tree.operator}(…)${place}`;
  }
}
