import { expandingSum } from "#kernels/recurrence/expanding";
import { rollingSum } from "#kernels/rolling/sum";
import { plainWindow, SKIPS, windowed } from "./windowed.ts";

export const sum = windowed({
  name: "Sum",
  summary: "sum",
  missing: SKIPS,
  window: plainWindow,
  kernel: rollingSum,
  expanding: expandingSum,
});
