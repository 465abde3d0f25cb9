import { expandingMean } from "#kernels/recurrence/expanding";
import { rollingMean } from "#kernels/rolling/mean";
import { plainWindow, SKIPS, windowed } from "./windowed.ts";

export const mean = windowed({
  name: "Mean",
  summary: "mean",
  missing: SKIPS,
  window: plainWindow,
  kernel: rollingMean,
  expanding: expandingMean,
});
