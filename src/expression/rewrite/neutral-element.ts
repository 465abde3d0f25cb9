import type { GraphNode } from "../ir/node.ts";
import type { Rule } from "./rule.ts";

/** x·1, 1·x, x/1 and x−0 are x, where the type stays. Not x+0: −0+0 is +0. */
export const neutralElement: Rule = {
  name: "neutral element",
  apply(node, to) {
    const [left, right] = node.inputs.map((id) => to.node(id)) as [GraphNode, GraphNode | undefined];
    if (right === undefined) return null;
    const keeps = (kept: GraphNode, other: GraphNode, neutral: number): boolean =>
      other.kind === "number" &&
      Object.is(other.value, neutral) &&
      kept.type === node.type &&
      kept.kind !== "number";
    switch (node.operator.name) {
      case "Mul":
        if (keeps(left, right, 1)) return left.id;
        return keeps(right, left, 1) ? right.id : null;
      case "Div":
        return keeps(left, right, 1) ? left.id : null;
      case "Sub":
        return keeps(left, right, 0) ? left.id : null;
      default:
        return null;
    }
  },
};
