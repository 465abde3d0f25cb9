import type { Rule } from "./rule.ts";

const COMMUTES = new Set(["Add", "Mul", "Greater", "Less", "Eq", "Ne", "And", "Or"]);

/** a + b is b + a: the operand that was known first comes first, a number last. */
export const commutedOperands: Rule = {
  name: "commuted operands",
  apply(node, to) {
    if (!COMMUTES.has(node.operator.name)) return null;
    const [left, right] = node.inputs as readonly [number, number];
    // A missing condition counts differently on the left and on the right of & and |.
    if ([left, right].some((id) => to.node(id).type === "object")) return null;
    const rank = (id: number): number => (to.node(id).kind === "number" ? Number.POSITIVE_INFINITY : id);
    return rank(left) <= rank(right) ? null : to.on(node, [right, left]);
  },
};
