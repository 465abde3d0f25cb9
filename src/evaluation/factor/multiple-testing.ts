/**
 * Many factors, one sample: how large a t-statistic chance alone produces. Bonferroni's bound and the number of
 * factors expected beyond |t| = 2 when none of them works (normal approximation).
 */
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

/** Inverse of the standard normal distribution for 0 < p < 1: bisection on its distribution function to 1e-12. */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) return Number.NaN;
  let low = -40;
  let high = 40;
  while (high - low > 1e-12) {
    const middle = (low + high) / 2;
    if (normalDistribution(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Φ(x): series of erf inside ±3, its continued fraction outside (Abramowitz & Stegun 7.1.5, 7.1.14). */
function normalDistribution(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  let upper: number;
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (-z * z) / n;
      sum += term / (2 * n + 1);
      if (n > 200) break;
    }
    upper = 0.5 - sum / Math.sqrt(Math.PI);
  } else {
    let fraction = z;
    for (let k = 60; k >= 1; k--) fraction = z + k / 2 / fraction;
    upper = Math.exp(-z * z) / fraction / Math.sqrt(Math.PI) / 2;
  }
  return x > 0 ? 1 - upper : upper;
}

/** t-statistics by half-open bins `[edges[k], edges[k + 1])`; the outermost also take what lies beyond. */
export interface TestHistogram {
  readonly edges: Float64Array;
  readonly counts: Int32Array;
  /** What a standard normal distribution would put there. */
  readonly expected: Float64Array;
}

/** Bins of width 0.5 centred on multiples of it, from −`limit` to `limit`. */
export function testHistogram(tStatistics: readonly number[], limit = 5): TestHistogram {
  const width = 0.5;
  const bins = Math.round((2 * limit) / width) + 1;
  const edges = Float64Array.from({ length: bins + 1 }, (_, k) => -limit - width / 2 + k * width);
  const counts = new Int32Array(bins);
  const present = tStatistics.filter((t) => !Number.isNaN(t));
  for (const t of present) {
    counts[Math.min(bins - 1, Math.max(0, Math.floor((t - edges[0]!) / width)))]!++;
  }
  const below = (edge: number) => normalDistribution(edge);
  const expected = Float64Array.from({ length: bins }, (_, k) => {
    const from = k === 0 ? 0 : below(edges[k]!);
    const to = k === bins - 1 ? 1 : below(edges[k + 1]!);
    return present.length * (to - from);
  });
  return { edges, counts, expected };
}
