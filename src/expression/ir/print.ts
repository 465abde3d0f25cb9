import { lookAheadOf, lookBackOf } from "../operators/reach.ts";
import { formatNumber } from "../syntax/format.ts";
import type { Graph, GraphNode } from "./node.ts";

/** The graph as lines of text: `#3 f64 = Mean(#2, 5)   look-back 4`. Outputs follow as `KMID = #7`. */
export function printGraph(graph: Graph): string {
  const width = String(graph.nodes.length - 1).length;
  const lines = graph.nodes.map((node) => {
    const id = `#${node.id}`.padEnd(width + 1);
    return `${id} ${node.type.padEnd(6)} = ${describe(node)}${reachText(node)}`;
  });
  return [...lines, ...graph.outputs.map(({ name, node }) => `${name} = #${node}`)].join("\n");
}

function describe(node: GraphNode): string {
  switch (node.kind) {
    case "field":
      return `$${node.name}`;
    case "periodic":
      return `$$${node.name}`;
    case "number":
      return formatNumber(node.value, node.type === "i64");
    default: {
      const parts = [
        ...node.inputs.map((id) => `#${id}`),
        ...node.arguments.map((value) => JSON.stringify(value)),
      ];
      return `${node.operator.name}(${parts.join(", ")})`;
    }
  }
}

function reachText(node: GraphNode): string {
  if (node.kind === "number") return "";
  const back = lookBackOf(node.reach);
  const ahead = lookAheadOf(node.reach);
  const parts = [];
  if (back > 0) parts.push(`look-back ${back === Number.POSITIVE_INFINITY ? "unbounded" : back}`);
  if (ahead > 0) parts.push(`look-ahead ${ahead}`);
  if (node.clock === "period") parts.push("over periods");
  return parts.length === 0 ? "" : `   ${parts.join(", ")}`;
}
