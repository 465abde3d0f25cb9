import type { Rule } from "./rule.ts";

const MIRROR: Readonly<Record<string, string>> = { Lt: "Gt", Le: "Ge" };

/** a < b is b > a. */
export const mirroredComparison: Rule = {
  name: "mirrored comparison",
  apply(node, to) {
    const mirror = MIRROR[node.operator.name];
    return mirror === undefined ? null : to.call(mirror, node.inputs.toReversed());
  },
};
