/** A return series against the universe: r = α + β·universe, ordinary least squares over the days that have both. */
export interface AlphaBeta {
  /** Per row of the series. */
  readonly alpha: number;
  /** (1 + α)^(periodsPerYear / horizon) − 1. */
  readonly annualAlpha: number;
  readonly beta: number;
  readonly days: number;
}

/** alphalens' `factor_alpha_beta`. `horizon` is the label's; annualisation is 252 unless stated. */
export function alphaBeta(
  returns: ArrayLike<number>,
  universe: ArrayLike<number>,
  options: { readonly horizon?: number; readonly periodsPerYear?: number } = {},
): AlphaBeta {
  const { horizon = 1, periodsPerYear = 252 } = options;
  let days = 0;
  let sumX = 0;
  let sumY = 0;
  const pairs: [number, number][] = [];
  for (let row = 0; row < returns.length; row++) {
    const y = returns[row]!;
    const x = universe[row]!;
    if (Number.isNaN(x) || Number.isNaN(y)) continue;
    pairs.push([x, y]);
    sumX += x;
    sumY += y;
    days++;
  }
  const meanX = sumX / days;
  const meanY = sumY / days;
  let xx = 0;
  let xy = 0;
  for (const [x, y] of pairs) {
    xx += (x - meanX) ** 2;
    xy += (x - meanX) * (y - meanY);
  }
  const beta = xy / xx;
  const alpha = meanY - beta * meanX;
  return { alpha, annualAlpha: (1 + alpha) ** (periodsPerYear / horizon) - 1, beta, days };
}
