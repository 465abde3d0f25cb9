import { expandingMaximum } from "#kernels/recurrence/expanding";
import { rollingMaximum } from "#kernels/rolling/extremes";
import { plainWindow, SKIPS, windowed } from "./windowed.ts";

export const max = windowed({
  name: "Max",
  summary: "largest value",
  missing: SKIPS,
  window: plainWindow,
  kernel: rollingMaximum,
  expanding: expandingMaximum,
});
