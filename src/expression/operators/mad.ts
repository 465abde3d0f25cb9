import { rollingMeanDeviation } from "#kernels/rolling/mean-deviation";
import { SKIPS, wholeWindow, windowed } from "./windowed.ts";

export const mad = windowed({
  name: "Mad",
  summary: "mean absolute deviation from the mean",
  missing: SKIPS,
  window: wholeWindow,
  kernel: rollingMeanDeviation,
});
