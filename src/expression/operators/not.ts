import { describeOperand, TypeRefusal } from "./dtype.ts";
import { unary } from "./element-wise.ts";
import type { Operator } from "./declaration.ts";

const conditions = unary({
  name: "Not",
  summary: "the opposite of a condition",
  missing: "a condition is never missing; Ref of a condition is refused because its first rows are",
  infinity: "passes",
  type: (x) => {
    if (x === "bool" || x === "i64") return x;
    throw new TypeRefusal(
      `Not of a ${describeOperand({ type: x })} operand, expected a condition`,
      x === "object" ? "write Ref(Not(condition),N)" : "compare first, as in Not($close>$open)",
    );
  },
  of: (x) => (x === 0 ? 1 : 0),
});

export const not: Operator = {
  ...conditions,
  family: "logic",
  compute(task) {
    conditions.compute(task);
    if (task.type !== "i64") return;
    const x = task.inputs[0] as Float64Array;
    for (let i = 0; i < x.length; i++) task.out[i] = -x[i]! - 1;
  },
};
