import { rollingRsquare } from "#kernels/rolling/regression";
import { windowOf } from "./declaration.ts";
import { blankWhereFlat, regression, wholeWindow } from "./windowed.ts";

/** The second input is Std of the first: Qlib blanks the result where it is flat, but not in the expanding form. */
export const rsquare = regression({
  name: "Rsquare",
  summary: "share of the variance that the line through the values by day explains",
  missing: "as Slope; NaN where Std(x,N) ≤ 2e-5, whatever the scale of x (not for N = 0)",
  window: wholeWindow,
  kernel: rollingRsquare,
  companions: [["Std", 0]],
  after(task) {
    if (windowOf(task) !== 0) blankWhereFlat(task.out, task.inputs[1] as Float64Array);
  },
});
