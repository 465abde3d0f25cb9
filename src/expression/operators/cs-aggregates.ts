import { countOf, deviationOf, meanOf, sumOf } from "#kernels/cross-section/moments";
import { medianOf } from "#kernels/cross-section/order-statistics";
import { broadcast, crossSection } from "./cross-section.ts";

/** One number for all instruments of the row, those whose own x is missing included. */
const NONE = "NaN and ±inf are left out; NaN when none is left";
const source = "the usual definition";

export const csMean = crossSection({
  name: "Mean",
  summary: "mean of x, the same for every instrument",
  missing: NONE,
  source,
  kernel: broadcast(meanOf),
});

export const csStd = crossSection({
  name: "Std",
  summary: "standard deviation (n − 1) of x, the same for every instrument",
  missing: `${NONE} or one alone`,
  source,
  kernel: broadcast(deviationOf),
});

export const csMedian = crossSection({
  name: "Median",
  summary: "median of x, the same for every instrument",
  missing: NONE,
  source,
  kernel: broadcast(medianOf),
});

export const csSum = crossSection({
  name: "Sum",
  summary: "sum of x, the same for every instrument",
  missing: NONE,
  source,
  kernel: broadcast(sumOf),
});

export const csCount = crossSection({
  name: "Count",
  summary: "number of finite values of x, the same for every instrument",
  missing: "NaN and ±inf are left out; 0 when none is left",
  source,
  kernel: broadcast(countOf),
});
