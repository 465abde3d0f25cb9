import { rollingVariance } from "#kernels/rolling/variance";
import { plainWindow, SKIPS, windowed } from "./windowed.ts";

export const variance = windowed({
  name: "Var",
  summary: "sample variance (n − 1)",
  missing: `${SKIPS}; one value gives NaN, equal values exactly 0`,
  window: plainWindow,
  kernel: rollingVariance,
});
