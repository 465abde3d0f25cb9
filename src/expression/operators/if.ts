import { QLIB, type Operator } from "./declaration.ts";
import { commonType } from "./dtype.ts";
import { inType } from "./element-wise.ts";
import { union } from "./reach.ts";

/** numpy.where: whatever is not zero counts as true. */
export const conditional: Operator = {
  name: "If",
  family: "logic",
  summary: "`then` where the condition holds, else `otherwise`",
  parameters: [
    { name: "condition", kind: "series" },
    { name: "then", kind: "operand" },
    { name: "otherwise", kind: "operand" },
  ],
  missing: "a NaN condition is true; the branches keep their NaN",
  source: QLIB,
  infinity: "passes",
  type: ([, then, otherwise]) => commonType(then!, otherwise!),
  reach: union,
  compute({ inputs, type, out }) {
    const condition = inputs[0] as Float64Array;
    const [, then, otherwise] = inputs;
    const read = (branch: Float64Array | number): ((i: number) => number) => {
      if (typeof branch !== "number") return (i) => branch[i]!;
      const value = inType(branch, type);
      return () => value;
    };
    const [yes, no] = [read(then!), read(otherwise!)];
    for (let i = 0; i < out.length; i++) out[i] = condition[i]! !== 0 ? yes(i) : no(i);
  },
};
