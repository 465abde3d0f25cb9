/**
 * Statistics of a daily series (of ICs, of spreads): mean, sample standard deviation, information ratio, t-statistic,
 * Newey–West t-statistic, share of positive days. NaN days are left out; nothing is annualised here.
 */
export interface SeriesStatistics {
  /** Days with a value. */
  readonly days: number;
  readonly mean: number;
  /** Sample standard deviation (n − 1). */
  readonly std: number;
  /** mean / std per day: ICIR when the series is an IC. */
  readonly ratio: number;
  /** mean / (std / √n). */
  readonly t: number;
  /** mean over the Newey–West standard error with `lag` autocovariances. */
  readonly tNeweyWest: number;
  readonly lag: number;
  /** The Newey–West standard error of the mean. */
  readonly errorNeweyWest: number;
  /** Share of days above zero. */
  readonly hitRate: number;
}

/** `lag` defaults to {@link automaticLag}; labels that overlap need at least `horizon − 1`. */
export function seriesStatistics(
  series: ArrayLike<number>,
  options: { readonly lag?: number } = {},
): SeriesStatistics {
  const values = Float64Array.from(present(series));
  const days = values.length;
  const lag = Math.min(options.lag ?? automaticLag(days), Math.max(days - 1, 0));
  const mean = meanOf(values);
  const std = standardDeviation(values);
  const errorNeweyWest = neweyWestError(values, lag);
  let positive = 0;
  for (const value of values) if (value > 0) positive++;
  return {
    days,
    mean,
    std,
    ratio: mean / std,
    t: mean / (std / Math.sqrt(days)),
    tNeweyWest: mean / errorNeweyWest,
    lag,
    errorNeweyWest,
    hitRate: days === 0 ? Number.NaN : positive / days,
  };
}

/** ⌊4 (n/100)^(2/9)⌋: Newey & West (1994), Bartlett kernel, the usual rule of thumb. */
export function automaticLag(days: number): number {
  return Math.floor(4 * (days / 100) ** (2 / 9));
}

/**
 * Standard error of the mean under autocorrelation: √(S/n), S = γ₀ + 2 Σ_{l=1..L} (1 − l/(L+1)) γ_l,
 * γ_l = (1/n) Σ (x_t − x̄)(x_{t−l} − x̄). Newey & West (1987), no small-sample correction. NaN below 2 values.
 */
export function neweyWestError(values: Float64Array, lag: number): number {
  const n = values.length;
  if (n < 2) return Number.NaN;
  const mean = meanOf(values);
  let total = 0;
  for (let l = 0; l <= lag; l++) {
    let covariance = 0;
    for (let t = l; t < n; t++) covariance += (values[t]! - mean) * (values[t - l]! - mean);
    total += (l === 0 ? 1 : 2 * (1 - l / (lag + 1))) * (covariance / n);
  }
  return Math.sqrt(total / n);
}

/** Mean of the present values; NaN when there are none. */
export function meanOf(series: ArrayLike<number>): number {
  let sum = 0;
  let count = 0;
  for (let k = 0; k < series.length; k++) {
    const value = series[k]!;
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? Number.NaN : sum / count;
}

/** Sample standard deviation (n − 1) of the present values, two-pass; NaN below 2. */
export function standardDeviation(series: ArrayLike<number>): number {
  const mean = meanOf(series);
  let squares = 0;
  let count = 0;
  for (let k = 0; k < series.length; k++) {
    const value = series[k]!;
    if (Number.isNaN(value)) continue;
    squares += (value - mean) ** 2;
    count++;
  }
  return count < 2 ? Number.NaN : Math.sqrt(squares / (count - 1));
}

/** Mean of the last `window` rows up to each row over the present values; NaN when fewer than half of them are there. */
export function rollingMean(series: ArrayLike<number>, window: number): Float64Array {
  const result = new Float64Array(series.length).fill(Number.NaN);
  for (let row = window - 1; row < series.length; row++) {
    let sum = 0;
    let count = 0;
    for (let k = row - window + 1; k <= row; k++) {
      const value = series[k]!;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    if (2 * count >= window) result[row] = sum / count;
  }
  return result;
}

/** Running sum, NaN as 0 (the line stays level over a missing day). */
export function cumulativeSum(series: ArrayLike<number>): Float64Array {
  const result = new Float64Array(series.length);
  let sum = 0;
  for (let k = 0; k < series.length; k++) {
    const value = series[k]!;
    if (!Number.isNaN(value)) sum += value;
    result[k] = sum;
  }
  return result;
}

function* present(series: ArrayLike<number>): Generator<number> {
  for (let k = 0; k < series.length; k++) if (!Number.isNaN(series[k]!)) yield series[k]!;
}
