import type { Rule } from "./rule.ts";

/** Ref(Ref(x, a), b) is Ref(x, a+b) for shifts the same way: both are missing on the same rows. */
export const nestedShift: Rule = {
  name: "nested shift",
  apply(node, to) {
    if (node.operator.name !== "Ref") return null;
    const inner = to.node(node.inputs[0]!);
    if (inner.kind !== "apply" || inner.operator.name !== "Ref") return null;
    const [outerRows, innerRows] = [node.arguments[0] as number, inner.arguments[0] as number];
    if (outerRows * innerRows <= 0 || inner.type !== node.type) return null;
    return to.call("Ref", inner.inputs, [outerRows + innerRows]);
  },
};
