/**
 * Least-squares line through the finite x[j], j = max(0, t−rows+1) … t, against the row number (missing rows leave their
 * place empty; the newest row is number N = `rows`, of an infinite window t+1). With centred sums over the valid rows:
 *   slope = Spx/Spp    Rsquare = Spx²/(Spp·Sxx)    residual = x[t] − (slope·N + (x̄ − slope·p̄))
 * Under 2 values NaN; two values have Rsquare 1; equal values have Rsquare 0/0 = NaN. The residual is NaN when x[t] is.
 * From the first ±inf on every result is NaN: Qlib's recursion never gets rid of it (rolling.pyx, expanding.pyx).
 */
export function rollingSlope(x: Float64Array, rows: number, out: Float64Array): void {
  eachLine(x, rows, (t, line) => {
    out[t] = line.slope;
  });
}

export function rollingRsquare(x: Float64Array, rows: number, out: Float64Array): void {
  eachLine(x, rows, (t, line) => {
    out[t] = line.rsquare;
  });
}

export function rollingResidual(x: Float64Array, rows: number, out: Float64Array): void {
  eachLine(x, rows, (t, line) => {
    out[t] = x[t]! - (line.slope * line.newest + (line.mean - line.slope * line.place));
  });
}

interface Line {
  slope: number;
  rsquare: number;
  mean: number;
  /** Mean row number of the valid values. */
  place: number;
  /** Row number of row t. */
  newest: number;
}

function eachLine(x: Float64Array, rows: number, take: (t: number, line: Line) => void): void {
  const line: Line = {
    slope: Number.NaN,
    rsquare: Number.NaN,
    mean: Number.NaN,
    place: Number.NaN,
    newest: 0,
  };
  let broken = false;
  for (let t = 0; t < x.length; t++) {
    if (Math.abs(x[t]!) === Number.POSITIVE_INFINITY) broken = true;
    const from = Math.max(0, t - rows + 1);
    const newest = rows === Number.POSITIVE_INFINITY ? t + 1 : rows;
    const shift = newest - t;
    let count = 0;
    let total = 0;
    let places = 0;
    if (!broken) {
      for (let j = from; j <= t; j++) {
        const value = x[j]!;
        if (Number.isNaN(value)) continue;
        count++;
        total += value;
        places += j + shift;
      }
    }
    if (count < 2) {
      line.slope = line.rsquare = line.mean = line.place = Number.NaN;
      take(t, line);
      continue;
    }
    const mean = total / count;
    const place = places / count;
    let sxx = 0;
    let spx = 0;
    let spp = 0;
    for (let j = from; j <= t; j++) {
      const value = x[j]!;
      if (Number.isNaN(value)) continue;
      const dx = value - mean;
      const dp = j + shift - place;
      sxx += dx * dx;
      spx += dp * dx;
      spp += dp * dp;
    }
    line.slope = spx / spp;
    line.rsquare = (spx * spx) / (spp * sxx);
    line.mean = mean;
    line.place = place;
    line.newest = newest;
    take(t, line);
  }
}
