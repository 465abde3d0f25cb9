import { rollingPopulationVariance } from "#kernels/rolling/population-variance";
import { BEYOND_QLIB } from "./declaration.ts";
import { wholePeriod } from "./recurrent.ts";
import { SKIPS, windowed } from "./windowed.ts";

export const varP = windowed({
  name: "VarP",
  summary: "population variance (divided by n)",
  missing: `${SKIPS}; one value and equal values give exactly 0`,
  window: wholePeriod,
  kernel: rollingPopulationVariance,
  source: `${BEYOND_QLIB}; 通达信 VARP, TA-Lib VAR`,
});
