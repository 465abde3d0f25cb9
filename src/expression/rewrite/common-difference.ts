import type { Rule } from "./rule.ts";

/** Delta(x, N) is x − Ref(x, N), which shares its parts with whoever else refers to them. */
export const commonDifference: Rule = {
  name: "common difference",
  apply(node, to) {
    if (node.operator.name !== "Delta" || (node.arguments[0] as number) <= 0) return null;
    const [x] = node.inputs as readonly [number];
    if (to.node(x).type !== node.type) return null;
    return to.call("Sub", [x, to.call("Ref", [x], node.arguments)]);
  },
};
