import { barsSinceHighest } from "#kernels/rolling/bars-since-extreme";
import { BEYOND_QLIB } from "./declaration.ts";
import { wholePeriod } from "./recurrent.ts";
import { SKIPS, windowed } from "./windowed.ts";

export const highestBars = windowed({
  name: "HighestBars",
  summary: "rows since the largest value, the newest among equals; 0 is today",
  missing: SKIPS,
  window: wholePeriod,
  kernel: barsSinceHighest,
  source: `${BEYOND_QLIB}; 通达信 HHVBARS`,
});
