import { csCount, csMean, csMedian, csStd, csSum } from "./cs-aggregates.ts";
import { csDemean, csScale, csZScore } from "./cs-demean.ts";
import { csBucket, csRank } from "./cs-rank.ts";
import { csResi } from "./cs-resi.ts";
import { csWinsorize } from "./cs-winsorize.ts";
import type { Operator } from "./declaration.ts";

/** Every operator across instruments, each beside its form within groups. */
export const crossSectional: readonly Operator[] = [
  ...csRank,
  ...csBucket,
  ...csZScore,
  ...csDemean,
  ...csScale,
  ...csWinsorize,
  ...csResi,
  ...csMean,
  ...csStd,
  ...csMedian,
  ...csSum,
  ...csCount,
];
