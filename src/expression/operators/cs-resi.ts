import { regressionResiduals } from "#kernels/cross-section/regression";
import { crossSection } from "./cross-section.ts";

export const csResi = crossSection({
  name: "Resi",
  summary: "what is left of y after a least-squares regression on x with an intercept",
  missing: "pairs with NaN or ±inf are left out and give NaN; y minus its mean when x is the same everywhere",
  source: "ordinary least squares",
  series: ["y", "x"],
  kernel:
    () =>
    ([y, x], out) =>
      regressionResiduals(y!, x!, out),
});
