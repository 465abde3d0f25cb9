import { wilderSum as kernel } from "#kernels/recurrence/wilder-sum";
import { CARRIES, recurrent, wholePeriod } from "./recurrent.ts";

export const wilderSum = recurrent({
  name: "WilderSum",
  summary: "Wilder's running sum s − s/N + x that starts from the sum of the first N − 1 values",
  parameters: [
    { name: "x", kind: "series" },
    { name: "N", kind: "window" },
  ],
  window: { ...wholePeriod, least: 2 },
  missing: `${CARRIES}; NaN before the (N−1)-th value`,
  source: "TA-Lib, PLUS_DM and MINUS_DM",
  recurrence: ([window]) => kernel(window as number),
});
