import { expandingMinimum } from "#kernels/recurrence/expanding";
import { rollingMinimum } from "#kernels/rolling/extremes";
import { plainWindow, SKIPS, windowed } from "./windowed.ts";

export const min = windowed({
  name: "Min",
  summary: "smallest value",
  missing: SKIPS,
  window: plainWindow,
  kernel: rollingMinimum,
  expanding: expandingMinimum,
});
