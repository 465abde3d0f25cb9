import { barsSinceLowest } from "#kernels/rolling/bars-since-extreme";
import { BEYOND_QLIB } from "./declaration.ts";
import { wholePeriod } from "./recurrent.ts";
import { SKIPS, windowed } from "./windowed.ts";

export const lowestBars = windowed({
  name: "LowestBars",
  summary: "rows since the smallest value, the newest among equals; 0 is today",
  missing: SKIPS,
  window: wholePeriod,
  kernel: barsSinceLowest,
  source: `${BEYOND_QLIB}; 通达信 LLVBARS`,
});
