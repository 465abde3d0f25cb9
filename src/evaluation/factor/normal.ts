/** The standard normal distribution and its inverse, to near double precision. */

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
export function normalDistribution(x: number): number {
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
