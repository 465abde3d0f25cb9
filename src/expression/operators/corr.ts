import { rollingCorrelation } from "#kernels/rolling/covariance";
import { rowsOf, seriesInput, type Operator } from "./declaration.ts";
import { cov } from "./cov.ts";
import { blankWhereFlat } from "./windowed.ts";

/** The third and fourth inputs are Std of each series on its own: Qlib blanks the result where either is flat. */
export const corr: Operator = {
  ...cov,
  name: "Corr",
  summary: "Pearson correlation",
  missing: `${cov.missing}; NaN where Std(x,N) or Std(y,N) ≤ 2e-5, whatever the scale`,
  companions: [
    ["Std", 0],
    ["Std", 1],
  ],
  compute(task) {
    rollingCorrelation([seriesInput(task, 0), seriesInput(task, 1)], rowsOf(task), task.out);
    blankWhereFlat(task.out, seriesInput(task, 2));
    blankWhereFlat(task.out, seriesInput(task, 3));
  },
};
