import { rollingDeviation } from "#kernels/rolling/variance";
import { plainWindow, SKIPS, windowed } from "./windowed.ts";

export const std = windowed({
  name: "Std",
  summary: "sample standard deviation (n − 1)",
  missing: `${SKIPS}; one value gives NaN, equal values exactly 0`,
  window: plainWindow,
  kernel: rollingDeviation,
});
