import { bollinger, accelerationBands } from "../../src/factors/technical/bands.ts";
import { apo, macd, ppo, trix } from "../../src/factors/technical/convergence.ts";
import {
  averageDirectionalIndex,
  directionalIndex,
  directionalRating,
  minusIndicator,
  minusMovement,
  plusIndicator,
  plusMovement,
} from "../../src/factors/technical/directional-movement.ts";
import {
  combined,
  hidden,
  lineOf,
  startingAt,
  windowed,
  type Line,
} from "../../src/factors/technical/line.ts";
import {
  cci,
  cmo,
  intradayMomentum,
  momentum,
  rateOfChange,
  rsi,
  stochastic,
  stochasticRsi,
  ultimateOscillator,
  williamsR,
} from "../../src/factors/technical/momentum.ts";
import {
  dema,
  ema,
  kama,
  movingAverage,
  sma,
  t3,
  tema,
  trima,
  wma,
  type AverageKind,
} from "../../src/factors/technical/moving-average.ts";
import {
  averagePrice,
  balanceOfPower,
  medianPrice,
  midpoint,
  midprice,
  trueRange,
  typicalPrice,
  weightedClose,
} from "../../src/factors/technical/price.ts";
import { aroon, linearRegression, parabolicSar } from "../../src/factors/technical/trend.ts";
import {
  averageTrueRange,
  beta,
  correlation,
  normalizedTrueRange,
  standardDeviation,
  variance,
} from "../../src/factors/technical/volatility.ts";
import {
  accumulationLine,
  accumulationOscillator,
  moneyFlow,
  onBalanceVolume,
} from "../../src/factors/technical/volume.ts";

/**
 * TA-Lib's functions as calls of our builders: parameters in TA-Lib's order, outputs in its order. The tolerance is a share of
 * the column's largest value, 1e-12 unless the README of the goldens measured that TA-Lib's own running sums need more.
 */
interface TaLibFunction {
  readonly lines: (...params: number[]) => readonly Line[];
  readonly tolerance?: number;
}

const MAMA = "mama";

/** TA-Lib's numbers of moving averages; MAMA is unsupported. */
const KINDS: readonly AverageKind[] = [
  "sma",
  "ema",
  "wma",
  "dema",
  "tema",
  "trima",
  "kama",
  MAMA as AverageKind,
  "t3",
];

const one = (line: (...params: number[]) => Line, tolerance?: number): TaLibFunction => ({
  lines: (...params) => [line(...params)],
  ...(tolerance === undefined ? {} : { tolerance }),
});
const flat = 0;
const close = "$close";

const macdLines = (options: Parameters<typeof macd>[0]): Line[] => {
  const { line, signal, histogram } = macd(options);
  return [line, signal, histogram];
};

function macdExtended(params: readonly number[]): Line[] {
  const [fast, fastKind, slow, slowKind, period, kind] = params as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const both = [
    movingAverage(startingAt(lineOf(close), slow - fast), fast, KINDS[fastKind]!),
    movingAverage(close, slow, KINDS[slowKind]!),
  ];
  const line = combined(both, (a, b) => `${a}-${b}`);
  const signal = movingAverage(line, period, KINDS[kind]!);
  return [line, signal, combined([line, signal], (a, b) => `${a}-${b}`)];
}

/** MACDFIX smooths by 0.15 and 0.075 where MACD(12,26) has 2/13 and 2/27. */
function macdFixed(period: number): Line[] {
  const seeded = (x: Line, rows: number, weight: number): Line => {
    const from = x.from + rows - 1;
    const text = hidden(x);
    const seed = `If(Count(${text},0)>${rows},${text},Mean(${text},0))`;
    return { text: `DMA(${hidden({ text: seed, from, early: true })},${weight})`, from };
  };
  const both = [seeded(startingAt(lineOf(close), 14), 12, 0.15), seeded(lineOf(close), 26, 0.075)];
  const line = combined(both, (a, b) => `${a}-${b}`);
  const signal = ema(line, period);
  return [line, signal, combined([line, signal], (a, b) => `${a}-${b}`)];
}

const rowNumber = "(Count($close,0)-1)";
const extremeRow = (operator: string, period: number): Line =>
  combined([windowed(operator, close, period)], (since) => `${rowNumber}-${since}`);

export const taLib: Readonly<Record<string, TaLibFunction>> = {
  MAX: one((n) => windowed("Max", close, n)),
  MIN: one((n) => windowed("Min", close, n)),
  MINMAX: { lines: (n) => [windowed("Min", close, n), windowed("Max", close, n)] },
  MAXINDEX: one((n) => extremeRow("HighestBars", n)),
  MININDEX: one((n) => extremeRow("LowestBars", n)),
  MINMAXINDEX: { lines: (n) => [extremeRow("LowestBars", n), extremeRow("HighestBars", n)] },
  SUM: one((n) => windowed("Sum", close, n)),
  ACCBANDS: {
    lines: (n) => {
      const { upper, middle, lower } = accelerationBands(n);
      return [upper, middle, lower];
    },
  },
  BBANDS: {
    lines: (period, deviations, lowerDeviations, kind) => {
      const options = { period: period, deviations: deviations, lowerDeviations: lowerDeviations };
      const { upper, middle, lower } = bollinger({ ...options, kind: KINDS[kind]! });
      return [upper, middle, lower];
    },
    tolerance: 1e-10,
  },
  DEMA: one((n) => dema(close, n)),
  EMA: one((n) => ema(close, n)),
  KAMA: one((n) => kama(close, n)),
  MIDPOINT: one((n) => midpoint(close, n)),
  MIDPRICE: one((n) => midprice(n)),
  SAR: one((step, limit) => parabolicSar(step, limit)),
  SMA: one((n) => sma(close, n)),
  T3: one((n, v) => t3(close, n, v)),
  TEMA: one((n) => tema(close, n)),
  TRIMA: one((n) => trima(close, n), 1e-11),
  WMA: one((n) => wma(close, n)),
  ATR: one((period) => averageTrueRange({ period: period })),
  // Of one bar TA-Lib leaves out the division by the close.
  NATR: one((period) => (period === 1 ? trueRange : normalizedTrueRange({ period: period }))),
  TRANGE: one(() => trueRange),
  ADX: one((period) => averageDirectionalIndex({ period: period, idle: "talib" })),
  ADXR: one((period) => directionalRating({ period: period, idle: "talib" })),
  DX: one((period) => directionalIndex({ period: period, idle: "talib" })),
  PLUS_DI: one((period) => plusIndicator({ period: period, flat })),
  MINUS_DI: one((period) => minusIndicator({ period: period, flat })),
  PLUS_DM: one((period) => plusMovement(period)),
  MINUS_DM: one((period) => minusMovement(period)),
  APO: one((fast, slow, kind) =>
    apo({ fast: fast, slow: slow, fastKind: KINDS[kind]!, slowKind: KINDS[kind]! }),
  ),
  PPO: one((fast, slow, kind) =>
    ppo({ fast: fast, slow: slow, fastKind: KINDS[kind]!, slowKind: KINDS[kind]! }),
  ),
  AROON: { lines: (n) => [aroon(n).down, aroon(n).up] },
  AROONOSC: one((n) => aroon(n).oscillator),
  BOP: one(() => balanceOfPower({ flat })),
  CCI: one((period) => cci({ period: period, flat })),
  CMO: one((period) => cmo({ period: period, flat })),
  IMI: one((period) => intradayMomentum({ period: period })),
  MACD: { lines: (fast, slow, signal) => macdLines({ fast: fast, slow: slow, signal: signal }) },
  MACDEXT: { lines: (...params) => macdExtended(params) },
  MACDFIX: { lines: (signal) => macdFixed(signal) },
  MFI: one((period) => moneyFlow({ period: period, flat })),
  MOM: one((n) => momentum(close, n)),
  ROC: one((n) => rateOfChange(close, n)),
  ROCP: one((n) => rateOfChange(close, n, "share")),
  ROCR: one((n) => rateOfChange(close, n, "ratio")),
  ROCR100: one((n) => rateOfChange(close, n, "ratio100")),
  RSI: one((period) => rsi({ period: period, smoothing: "wilder", flat })),
  STOCH: {
    lines: (period, slowing, slowingKind, d, dKind) => {
      const kinds = { slowingKind: KINDS[slowingKind]!, dKind: KINDS[dKind]! };
      const lines = stochastic({ period: period, slowing: slowing, d: d, flat, ...kinds });
      return [lines.k, lines.d];
    },
  },
  STOCHF: {
    lines: (period, d, dKind) => {
      const lines = stochastic({ period: period, d: d, dKind: KINDS[dKind]!, flat });
      return [lines.k, lines.d];
    },
  },
  STOCHRSI: {
    lines: (period, k, d, dKind) => {
      const options = { period: period, k: k, d: d, dKind: KINDS[dKind]! };
      const lines = stochasticRsi({ ...options, smoothing: "wilder", flat });
      return [lines.k, lines.d];
    },
  },
  TRIX: one((n) => trix(close, n)),
  ULTOSC: one((a, b, c) => ultimateOscillator({ periods: [a, b, c], flat })),
  WILLR: one((period) => williamsR({ period: period, flat })),
  AD: one(() => accumulationLine),
  ADOSC: one((fast, slow) => accumulationOscillator({ fast: fast, slow: slow })),
  OBV: one(() => onBalanceVolume),
  BETA: one((period) => beta({ x: close, y: "$real1", period: period, flat }), 1e-10),
  CORREL: one((period) => correlation({ x: close, y: "$real1", period: period, flat }), 1e-9),
  LINEARREG: one((n) => linearRegression(close, n).value),
  LINEARREG_ANGLE: one((n) => linearRegression(close, n).angle, 1e-10),
  LINEARREG_INTERCEPT: one((n) => linearRegression(close, n).intercept),
  LINEARREG_SLOPE: one((n) => linearRegression(close, n).slope),
  TSF: one((n) => linearRegression(close, n).forecast),
  STDDEV: one((n, times) => standardDeviation(close, n, times), 1e-10),
  VAR: one((n) => variance(close, n), 1e-10),
  AVGPRICE: one(() => averagePrice),
  AVGDEV: one((n) => windowed("Mad", close, n)),
  MEDPRICE: one(() => medianPrice),
  TYPPRICE: one(() => typicalPrice),
  WCLPRICE: one(() => weightedClose),
  MA: one((n, kind) => movingAverage(lineOf(close), n, KINDS[kind]!)),
};

const HILBERT = "needs Ehlers' Hilbert transform, whose filter reads its own measured period";

/** Parameters of supported functions that are not, and why. */
export const unsupportedColumns: Readonly<Record<string, string>> = {
  "MA(12,7)": HILBERT,
};

/** Functions whose result is a row: among equal values TA-Lib names the oldest or the newest, as its scan comes by. */
export const rowsOfExtremes: ReadonlySet<string> = new Set(["MAXINDEX", "MININDEX", "MINMAXINDEX"]);

/** Functions that no builder gives, and why. */
export const unsupported: Readonly<Record<string, string>> = {
  HT_TRENDLINE: HILBERT,
  HT_DCPERIOD: HILBERT,
  HT_DCPHASE: HILBERT,
  HT_PHASOR: HILBERT,
  HT_SINE: HILBERT,
  HT_TRENDMODE: HILBERT,
  MAMA: HILBERT,
  MAVP: "the window differs from row to row, and a window of an expression is a number",
  SAREXT: "SAR with eight parameters, a start value and signed stops; SAR itself is there",
};
