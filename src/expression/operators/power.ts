import type { Operator } from "./declaration.ts";
import { TypeRefusal } from "./dtype.ts";
import { noBools, pair } from "./element-wise.ts";

const refuse = noBools("the power");

const general = pair({
  name: "Power",
  summary: "left to the power right",
  missing: "NaN on either side is NaN, but x**0 and 1**x are 1; a root of a negative number is NaN",
  infinity: "makes",
  type: (common, _left, right) => {
    if (refuse(common) !== "i64") return common;
    if (right.number === undefined) return "f64";
    if (right.number >= 0) return "i64";
    throw new TypeRefusal(
      "a whole number to a negative whole power",
      "write the exponent with a decimal point",
    );
  },
  of: cPower,
});

/** NumPy takes the square root for the exponent 0.5, which is NaN for −inf where C's pow has inf. */
export const power: Operator = {
  ...general,
  compute(task) {
    const [base, exponent] = task.inputs;
    if (exponent !== 0.5 || typeof base === "number") {
      general.compute(task);
      return;
    }
    const single = task.type === "f32";
    for (let i = 0; i < task.out.length; i++) {
      const root = Math.sqrt(base![i]!);
      task.out[i] = single ? Math.fround(root) : root;
    }
  },
};

/** C's pow, which differs from JavaScript's where the base is ±1: 1 to any power is 1, even NaN. */
function cPower(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY)) return 1;
  return base ** exponent;
}
