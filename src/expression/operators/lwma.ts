import { rollingLinearWeightedMean } from "#kernels/rolling/linear-weighted-mean";
import { BEYOND_QLIB } from "./declaration.ts";
import { wholePeriod } from "./recurrent.ts";
import { SKIPS, windowed } from "./windowed.ts";

export const lwma = windowed({
  name: "LWMA",
  summary: "linearly weighted mean, weight N for today down to 1 (what other systems call WMA)",
  missing: `${SKIPS}, their weights too`,
  window: wholePeriod,
  kernel: rollingLinearWeightedMean,
  source: `${BEYOND_QLIB}; TA-Lib, WMA`,
});
