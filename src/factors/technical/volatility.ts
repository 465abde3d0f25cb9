import { combined, lineOf, ratio, windowed, type Input, type Line } from "./line.ts";
import { sma, wilderAverage } from "./moving-average.ts";
import { trueRange } from "./price.ts";

/** Average true range (Wilder 1978), by his smoothing or a plain mean. */
export function averageTrueRange(options: {
  readonly period: number;
  readonly smoothing?: "wilder" | "simple";
}): Line {
  const average = options.smoothing === "simple" ? sma : wilderAverage;
  return options.period === 1 ? trueRange : average(trueRange, options.period);
}

/** The same in percent of the close. */
export function normalizedTrueRange(options: {
  readonly period: number;
  readonly smoothing?: "wilder" | "simple";
}): Line {
  return combined([averageTrueRange(options)], (range) => `100*${range}/$close`);
}

/** Sample standard deviation of daily returns. */
export function returnVolatility(period: number): Line {
  return windowed("Std", { text: "$close/Ref($close,1)-1", from: 1 }, period);
}

/** Sample standard deviation of daily logarithmic returns, times √`days` a year. */
export function historicalVolatility(period: number, days = 252): Line {
  const returns: Line = { text: "Log($close/Ref($close,1))", from: 1 };
  return combined([windowed("Std", returns, period)], (deviation) => `${deviation}*${days}**0.5`);
}

/** Population standard deviation, `times` over. */
export function standardDeviation(x: Input, period: number, times = 1): Line {
  return combined([windowed("StdP", x, period)], (deviation) =>
    times === 1 ? deviation : `${times}*${deviation}`,
  );
}

/** Population variance. */
export function variance(x: Input, period: number): Line {
  return windowed("VarP", x, period);
}

/** Slope of y's daily returns against x's over `period` returns; `flat` where x did not move. */
export function beta(options: {
  readonly x: Input;
  readonly y: Input;
  readonly period: number;
  readonly flat?: number | "missing";
}): Line {
  const [x, y] = [returns(options.x), returns(options.y)];
  const from = Math.max(x.from, y.from) + options.period - 1;
  const covariance = `Cov(${x.text},${y.text},${options.period})`;
  const variances = `Var(${x.text},${options.period})`;
  return { text: ratio(covariance, variances, { flat: options.flat }), from, early: true };
}

function returns(of: Input): Line {
  const { text, from } = lineOf(of);
  return { text: `(${text})/Ref(${text},1)-1`, from: from + 1 };
}

/** Pearson's correlation without Qlib's floor on the deviations; `flat` where one series did not move. */
export function correlation(options: {
  readonly x: Input;
  readonly y: Input;
  readonly period: number;
  readonly flat?: number | "missing";
}): Line {
  const [x, y] = [lineOf(options.x), lineOf(options.y)];
  const from = Math.max(x.from, y.from) + options.period - 1;
  const spread = `Std(${x.text},${options.period})*Std(${y.text},${options.period})`;
  const covariance = `Cov(${x.text},${y.text},${options.period})`;
  return { text: ratio(covariance, spread, { flat: options.flat }), from, early: true };
}
