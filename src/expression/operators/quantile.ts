import { rollingQuantile } from "#kernels/rolling/quantile";
import { rowsOf, seriesInput, type Operator } from "./declaration.ts";
import { windowed, wholeWindow, SKIPS } from "./windowed.ts";
import { rollingMedian } from "#kernels/rolling/quantile";

const base = windowed({
  name: "Quantile",
  summary: "value below which the share q of the values lies, linear between neighbours",
  missing: SKIPS,
  window: wholeWindow,
  kernel: rollingMedian,
});

export const quantile: Operator = {
  ...base,
  parameters: [...base.parameters, { name: "q", kind: "share" }],
  compute(task) {
    rollingQuantile(
      seriesInput(task, 0),
      { rows: rowsOf(task), share: task.arguments[1] as number },
      task.out,
    );
  },
};
