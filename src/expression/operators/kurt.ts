import { rollingKurtosis } from "#kernels/rolling/shape";
import { SKIPS, wholeWindow, windowed } from "./windowed.ts";

export const kurt = windowed({
  name: "Kurt",
  summary: "bias-corrected excess kurtosis",
  missing: `${SKIPS}; under 4 values NaN, equal values −3, population variance ≤ 1e-14 otherwise NaN`,
  window: { ...wholeWindow, least: 4 },
  kernel: rollingKurtosis,
});
