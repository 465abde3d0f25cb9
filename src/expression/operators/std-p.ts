import { rollingPopulationDeviation } from "#kernels/rolling/population-variance";
import { BEYOND_QLIB } from "./declaration.ts";
import { wholePeriod } from "./recurrent.ts";
import { SKIPS, windowed } from "./windowed.ts";

export const stdP = windowed({
  name: "StdP",
  summary: "population standard deviation (divided by n), as Bollinger's bands have it",
  missing: `${SKIPS}; one value and equal values give exactly 0`,
  window: wholePeriod,
  kernel: rollingPopulationDeviation,
  source: `${BEYOND_QLIB}; 通达信 STDP, TA-Lib STDDEV`,
});
