import { demean, scaleToUnit, standardise } from "#kernels/cross-section/moments";
import { crossSection, LEFT_OUT } from "./cross-section.ts";

export const csDemean = crossSection({
  name: "Demean",
  summary: "x minus the mean",
  missing: LEFT_OUT,
  source: "the usual definition; group form as group_neutralize in the literature on alphas",
  kernel:
    () =>
    ([x], out) =>
      demean(x!, out),
});

export const csZScore = crossSection({
  name: "ZScore",
  summary: "x minus the mean, divided by the standard deviation (n − 1)",
  missing: `${LEFT_OUT}; NaN when fewer than 2 values or all are equal`,
  source: "as Qlib's CSZScoreNorm (pandas mean and std)",
  kernel:
    () =>
    ([x], out) =>
      standardise(x!, out),
});

export const csScale = crossSection({
  name: "Scale",
  summary: "x divided by the sum of absolute values, so that these sum to 1",
  missing: `${LEFT_OUT}; NaN when the sum is 0`,
  source: "Kakushadze (2016), 101 Formulaic Alphas: scale(x)",
  kernel:
    () =>
    ([x], out) =>
      scaleToUnit(x!, out),
});
