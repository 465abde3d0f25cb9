/**
 * Residuals of one day's y on x by least squares with an intercept, over the pairs that are finite in both:
 * (y − ȳ) − b·(x − x̄) with b = Σ(x−x̄)(y−ȳ) / Σ(x−x̄)². When x is the same everywhere b is 0, so y − ȳ is left; one pair
 * gives 0. NaN where either is missing. Sums run from left to right.
 */
export function regressionResiduals(y: Float64Array, x: Float64Array, out: Float64Array): void {
  const meanX = pairMean(x, y);
  const meanY = pairMean(y, x);
  let xx = 0;
  let xy = 0;
  for (let i = 0; i < x.length; i++) {
    const dx = x[i]! - meanX.near - meanX.rest;
    const dy = y[i]! - meanY.near - meanY.rest;
    if (dx - dx !== 0 || dy - dy !== 0) continue;
    xx += dx * dx;
    xy += dx * dy;
  }
  const slope = xx > 0 ? xy / xx : 0;
  for (let i = 0; i < x.length; i++) {
    const residual = y[i]! - meanY.near - meanY.rest - slope * (x[i]! - meanX.near - meanX.rest);
    out[i] = residual - residual === 0 ? residual : Number.NaN;
  }
}

/** Mean of the values whose partner is finite too, as a number and what its rounding left. */
function pairMean(
  values: Float64Array,
  partners: Float64Array,
): { readonly near: number; readonly rest: number } {
  let count = 0;
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const partner = partners[i]!;
    if (value - value !== 0 || partner - partner !== 0) continue;
    total += value;
    count++;
  }
  const near = total / count;
  let rest = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const partner = partners[i]!;
    if (value - value === 0 && partner - partner === 0) rest += value - near;
  }
  return { near, rest: rest / count };
}
