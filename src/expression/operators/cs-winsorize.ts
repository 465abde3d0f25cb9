import { winsorize } from "#kernels/cross-section/order-statistics";
import { crossSection } from "./cross-section.ts";
import { TypeRefusal } from "./dtype.ts";

export const csWinsorize = crossSection({
  name: "Winsorize",
  summary: "x, but values below the quantile of q or above that of 1 − q become it (linear quantiles)",
  missing: "NaN stays; ±inf count for no quantile and become it; NaN when no value is finite",
  source: "the usual definition; quantiles as pandas",
  rest: [{ name: "q", kind: "share" }],
  check([share]) {
    if ((share as number) <= 0.5) return;
    throw new TypeRefusal(
      `a share of ${share} cut off at both ends`,
      "use a share from 0 to 0.5, such as 0.01",
    );
  },
  kernel:
    ([share]) =>
    ([x], out) =>
      winsorize(x!, share as number, out),
});
