/**
 * Bias-corrected skewness and excess kurtosis of the finite x[j], j = max(0, t−rows+1) … t, with central moments
 * mₖ = Σ(x−x̄)ᵏ/n:
 *   skewness = √(n(n−1)) / (n−2) · m₃ / m₂^1.5
 *   kurtosis = (n−1) / ((n−2)(n−3)) · ((n+1) m₄/m₂² − 3(n−1))
 * NaN and ±inf are left out. Skewness needs 3 values, kurtosis 4. Equal values give 0 and −3; otherwise m₂ ≤ 1e-14 is
 * NaN (both as pandas 1.5.3).
 */
const SPREAD_FLOOR = 1e-14;

export function rollingSkewness(x: Float64Array, rows: number, out: Float64Array): void {
  eachMoments(x, rows, (t, moments) => {
    const { count: n, m2, m3 } = moments;
    if (n < 3) out[t] = Number.NaN;
    else if (moments.equal) out[t] = 0;
    else if (m2 <= SPREAD_FLOOR) out[t] = Number.NaN;
    else out[t] = (Math.sqrt(n * (n - 1)) / (n - 2)) * (m3 / (m2 * Math.sqrt(m2)));
  });
}

export function rollingKurtosis(x: Float64Array, rows: number, out: Float64Array): void {
  eachMoments(x, rows, (t, moments) => {
    const { count: n, m2, m4 } = moments;
    if (n < 4) out[t] = Number.NaN;
    else if (moments.equal) out[t] = -3;
    else if (m2 <= SPREAD_FLOOR) out[t] = Number.NaN;
    else out[t] = ((n - 1) / ((n - 2) * (n - 3))) * ((n + 1) * (m4 / (m2 * m2)) - 3 * (n - 1));
  });
}

interface Moments {
  count: number;
  equal: boolean;
  m2: number;
  m3: number;
  m4: number;
}

function eachMoments(x: Float64Array, rows: number, take: (t: number, moments: Moments) => void): void {
  const moments: Moments = { count: 0, equal: true, m2: 0, m3: 0, m4: 0 };
  for (let t = 0; t < x.length; t++) {
    const from = Math.max(0, t - rows + 1);
    let total = 0;
    let count = 0;
    let first = 0;
    let equal = true;
    for (let j = from; j <= t; j++) {
      const value = x[j]!;
      if (value - value !== 0) continue;
      if (count === 0) first = value;
      else if (value !== first) equal = false;
      total += value;
      count++;
    }
    const mean = total / count;
    let m2 = 0;
    let m3 = 0;
    let m4 = 0;
    for (let j = from; j <= t; j++) {
      const deviation = x[j]! - mean;
      if (deviation - deviation !== 0) continue;
      const square = deviation * deviation;
      m2 += square;
      m3 += square * deviation;
      m4 += square * square;
    }
    moments.count = count;
    moments.equal = equal;
    moments.m2 = m2 / count;
    moments.m3 = m3 / count;
    moments.m4 = m4 / count;
    take(t, moments);
  }
}
