import type { Rule } from "./rule.ts";

/** |b − a| is |a − b|: the operand that was known first comes first. */
export const mirroredMagnitude: Rule = {
  name: "mirrored magnitude",
  apply(node, to) {
    if (node.operator.name !== "Abs") return null;
    const inner = to.node(node.inputs[0]!);
    if (inner.kind !== "apply" || inner.operator.name !== "Sub") return null;
    const [left, right] = inner.inputs as readonly [number, number];
    if (left <= right) return null;
    return to.on(node, [to.call("Sub", [right, left])]);
  },
};
