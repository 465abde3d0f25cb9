import { TypeRefusal } from "./dtype.ts";
import { noBools, pair } from "./element-wise.ts";

const refuse = noBools("the power");

/** C's pow, as numpy has it: 1 to any power and anything to the power 0 is 1, even NaN. */
export const power = pair({
  name: "Power",
  summary: "left to the power right",
  missing: "NaN on either side is NaN, but x**0 and 1**x are 1; a root of a negative number is NaN",
  keepsFinite: false,
  type: (common, _left, right) => {
    if (common === "i64" && right.number !== undefined && right.number < 0) {
      throw new TypeRefusal(
        "a whole number to a negative whole power",
        "write the exponent with a decimal point",
      );
    }
    return refuse(common);
  },
  of: (a, b) =>
    a === 1 || (a === -1 && (b === Number.POSITIVE_INFINITY || b === Number.NEGATIVE_INFINITY)) ? 1 : a ** b,
});
