/** Pearson correlation of two lists; the one estimator behind IC, autocorrelation and monotonicity. */

/**
 * Pearson correlation of the first `count` pairs, two-pass; NaN below 2 pairs. A side whose spread is within
 * rounding of its level counts as constant (NaN).
 */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>, count: number): number {
  if (count < 2) return Number.NaN;
  let sumX = 0;
  let sumY = 0;
  for (let k = 0; k < count; k++) {
    sumX += x[k]!;
    sumY += y[k]!;
  }
  const meanX = sumX / count;
  const meanY = sumY / count;
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (let k = 0; k < count; k++) {
    const a = x[k]! - meanX;
    const b = y[k]! - meanY;
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  const flat = (sum: number, mean: number) => !(sum > count * (4 * Number.EPSILON * mean) ** 2);
  if (flat(xx, meanX) || flat(yy, meanY)) return Number.NaN;
  return xy / (Math.sqrt(xx) * Math.sqrt(yy));
}
