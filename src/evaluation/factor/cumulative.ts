/** Compounding of a daily return series and what follows from it. A missing day earns nothing. */

/** Net value Π(1 + r) from 1 before the first day; empyrical's `cum_returns` with starting value 1. */
export function netValue(returns: ArrayLike<number>): Float64Array {
  const result = new Float64Array(returns.length);
  let value = 1;
  for (let row = 0; row < returns.length; row++) {
    const earned = returns[row]!;
    if (!Number.isNaN(earned)) value *= 1 + earned;
    result[row] = value;
  }
  return result;
}

/** Deepest fall from a running high (the start counts as one), as a negative fraction; 0 when it never falls. */
export function maximumDrawdown(values: ArrayLike<number>): number {
  let high = 1;
  let deepest = 0;
  for (let row = 0; row < values.length; row++) {
    high = Math.max(high, values[row]!);
    deepest = Math.min(deepest, values[row]! / high - 1);
  }
  return deepest;
}
