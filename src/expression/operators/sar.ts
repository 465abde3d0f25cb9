import { parabolicSar } from "#kernels/recurrence/parabolic-sar";
import { recurrent } from "./recurrent.ts";

export const sar = recurrent({
  name: "SAR",
  summary: "parabolic stop and reverse: acceleration grows by `step` with every new extreme, up to `limit`",
  parameters: [
    { name: "high", kind: "series" },
    { name: "low", kind: "series" },
    { name: "step", kind: "share" },
    { name: "limit", kind: "share" },
  ],
  missing: "a bar without high or low carries the last result; NaN until the second bar",
  source: "Wilder, New Concepts in Technical Trading Systems (1978), started as TA-Lib's SAR",
  recurrence: ([step, limit]) => parabolicSar({ step: step as number, limit: limit as number }),
});
