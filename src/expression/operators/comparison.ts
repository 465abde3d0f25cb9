import { QLIB, type Operator } from "./declaration.ts";
import { commonType } from "./dtype.ts";
import { eachPair } from "./element-wise.ts";
import { union } from "./reach.ts";

/** Declarations of the six comparisons: a condition, 1 or 0, made in the common type of the operands. */
export function comparison(name: string, sign: string, holds: (a: number, b: number) => boolean): Operator {
  return {
    name,
    family: "comparison",
    summary: `${sign === "" ? name : `left ${sign} right`} as a condition`,
    parameters: [
      { name: "left", kind: "operand" },
      { name: "right", kind: "operand" },
    ],
    missing: sign === "!=" ? "NaN on either side is true" : "NaN on either side is false",
    source: QLIB,
    infinity: "absorbs",
    type: () => "bool",
    reach: union,
    compute(task) {
      const common = commonType(task.inputTypes[0]!, task.inputTypes[1]!);
      eachPair(task, common, (a, b) => (holds(a, b) ? 1 : 0));
    },
  };
}
