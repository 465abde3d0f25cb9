/**
 * Many factors, one sample: how large a t-statistic chance alone produces. Bonferroni's bound and the number of
 * factors expected beyond |t| = 2 when none of them works (normal approximation).
 */
import { normalQuantile } from "./normal.ts";

export interface MultipleTesting {
  readonly tests: number;
  /** Factors with |t| > 2, and how many chance alone would give. */
  readonly beyondTwo: number;
  readonly beyondTwoByChance: number;
  /** |t| that one of `tests` independent useless factors exceeds with probability `level`. */
  readonly bonferroniT: number;
  readonly beyondBonferroni: number;
}

/** `tStatistics` that are NaN are not tests. */
export function multipleTesting(tStatistics: readonly number[], level = 0.05): MultipleTesting {
  const present = tStatistics.filter((t) => !Number.isNaN(t)).map(Math.abs);
  const tests = present.length;
  const bonferroniT = tests === 0 ? Number.NaN : normalQuantile(1 - level / (2 * tests));
  return {
    tests,
    beyondTwo: present.filter((t) => t > 2).length,
    beyondTwoByChance: tests * 0.045_500_263_896_358_4,
    bonferroniT,
    beyondBonferroni: present.filter((t) => t > bonferroniT).length,
  };
}
