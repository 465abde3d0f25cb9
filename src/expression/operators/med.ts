import { rollingMedian } from "#kernels/rolling/quantile";
import { plainWindow, SKIPS, windowed } from "./windowed.ts";

export const med = windowed({
  name: "Med",
  summary: "median",
  missing: SKIPS,
  window: plainWindow,
  kernel: rollingMedian,
});
