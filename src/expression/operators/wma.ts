import { rollingWeightedMean } from "#kernels/rolling/weighted-mean";
import { SKIPS, wholeWindow, windowed } from "./windowed.ts";

export const wma = windowed({
  name: "WMA",
  summary: "mean (not sum) of the values times weights 1…n that sum to 1",
  missing: `${SKIPS}, without rescaling the weights`,
  window: wholeWindow,
  kernel: rollingWeightedMean,
});
