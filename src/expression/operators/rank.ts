import { rollingRank } from "#kernels/rolling/rank";
import { SKIPS, wholeWindow, windowed } from "./windowed.ts";

export const rank = windowed({
  name: "Rank",
  summary: "share of the valid values not above today, ties averaged",
  missing: `${SKIPS}; NaN when today is`,
  window: wholeWindow,
  kernel: rollingRank,
});
