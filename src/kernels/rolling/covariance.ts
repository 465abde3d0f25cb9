/**
 * Sample covariance Sxy/(n−1) and Pearson correlation Sxy/√(Sxx·Syy) over the rows j = max(0, t−rows+1) … t where both
 * series are finite, in two passes. Under 2 rows NaN; a correlation with a constant is 0/0 = NaN.
 */
type Pair = readonly [Float64Array, Float64Array];

export function rollingCovariance(pair: Pair, rows: number, out: Float64Array): void {
  eachSums(pair, rows, (t, sums) => {
    out[t] = sums.count < 2 ? Number.NaN : sums.xy / (sums.count - 1);
  });
}

export function rollingCorrelation(pair: Pair, rows: number, out: Float64Array): void {
  eachSums(pair, rows, (t, sums) => {
    out[t] = sums.count < 2 ? Number.NaN : sums.xy / Math.sqrt(sums.xx * sums.yy);
  });
}

interface Sums {
  count: number;
  xx: number;
  yy: number;
  xy: number;
}

function eachSums([x, y]: Pair, rows: number, take: (t: number, sums: Sums) => void): void {
  const sums: Sums = { count: 0, xx: 0, yy: 0, xy: 0 };
  for (let t = 0; t < x.length; t++) {
    const from = Math.max(0, t - rows + 1);
    let count = 0;
    let totalX = 0;
    let totalY = 0;
    for (let j = from; j <= t; j++) {
      const a = x[j]!;
      const b = y[j]!;
      if (a - a !== 0 || b - b !== 0) continue;
      count++;
      totalX += a;
      totalY += b;
    }
    const meanX = totalX / count;
    const meanY = totalY / count;
    let xx = 0;
    let yy = 0;
    let xy = 0;
    for (let j = from; j <= t; j++) {
      const dx = x[j]! - meanX;
      const dy = y[j]! - meanY;
      if (dx - dx !== 0 || dy - dy !== 0) continue;
      xx += dx * dx;
      yy += dy * dy;
      xy += dx * dy;
    }
    sums.count = count;
    sums.xx = xx;
    sums.yy = yy;
    sums.xy = xy;
    take(t, sums);
  }
}
