import { seededSmoothing } from "#kernels/recurrence/seeded-smoothing";
import { CARRIES, recurrent, wholePeriod } from "./recurrent.ts";

export const seededEma = recurrent({
  name: "SeededEMA",
  summary: "exponential mean with α = 2/(N+1) that starts from the mean of the first N values",
  parameters: [
    { name: "x", kind: "series" },
    { name: "N", kind: "window" },
  ],
  window: wholePeriod,
  missing: `${CARRIES}; NaN before the N-th value`,
  source: "TA-Lib, EMA",
  recurrence: ([window]) => seededSmoothing({ seed: window as number, weight: 2 / ((window as number) + 1) }),
});
