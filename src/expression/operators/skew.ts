import { rollingSkewness } from "#kernels/rolling/shape";
import { SKIPS, wholeWindow, windowed } from "./windowed.ts";

export const skew = windowed({
  name: "Skew",
  summary: "bias-corrected skewness",
  missing: `${SKIPS}; under 3 values NaN, equal values 0, population variance ≤ 1e-14 otherwise NaN`,
  window: { ...wholeWindow, least: 3 },
  kernel: rollingSkewness,
});
