/**
 * Returns over one period as an equivalent over another: compounding at a steady rate, and √time for the standard
 * deviation. alphalens' `rate_of_return` and `std_conversion`. Periods are counts of rows (days).
 */

/** (1 + r)^(to/from) − 1. */
export function convertedRate(rate: number, fromRows: number, toRows = 1): number {
  return (1 + rate) ** (toRows / fromRows) - 1;
}

/** σ / √(from/to). */
export function convertedDeviation(deviation: number, fromRows: number, toRows = 1): number {
  return deviation / Math.sqrt(fromRows / toRows);
}
