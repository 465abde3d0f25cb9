import { seededSmoothing } from "#kernels/recurrence/seeded-smoothing";
import { CARRIES, recurrent, wholePeriod } from "./recurrent.ts";

export const wilder = recurrent({
  name: "Wilder",
  summary:
    "Wilder's smoothing: exponential mean with α = 1/N that starts from the mean of the first N values",
  parameters: [
    { name: "x", kind: "series" },
    { name: "N", kind: "window" },
  ],
  window: wholePeriod,
  missing: `${CARRIES}; NaN before the N-th value`,
  source: "Wilder, New Concepts in Technical Trading Systems (1978)",
  recurrence: ([window]) => seededSmoothing({ seed: window as number, weight: 1 / (window as number) }),
});
