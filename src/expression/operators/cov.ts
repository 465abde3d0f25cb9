import { rollingCovariance } from "#kernels/rolling/covariance";
import { QLIB, rowsOf, seriesInput, type Operator } from "./declaration.ts";
import { union, windowedReach } from "./reach.ts";
import { wholeWindow } from "./windowed.ts";

export const cov: Operator = {
  name: "Cov",
  family: "rolling",
  summary: "sample covariance (n − 1)",
  parameters: [
    { name: "x", kind: "series" },
    { name: "y", kind: "series" },
    { name: "N", kind: "window" },
  ],
  window: wholeWindow,
  missing: "a row with NaN or ±inf in either series is left out; under 2 rows NaN",
  source: `${QLIB}; pandas 1.5.3 window functions`,
  infinity: "absorbs",
  type: () => "f64",
  reach: (inputs, [window]) => windowedReach(union(inputs), window as number),
  compute(task) {
    rollingCovariance([seriesInput(task, 0), seriesInput(task, 1)], rowsOf(task), task.out);
  },
};
