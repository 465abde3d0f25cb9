import {
  combined,
  lineOf,
  recurrent,
  smoothed,
  startingAt,
  values,
  windowed,
  type Input,
  type Line,
} from "./line.ts";

/** Moving averages. All begin when they have `period` values, or as many times that as they smooth. */
export type AverageKind = "sma" | "ema" | "wma" | "dema" | "tema" | "trima" | "kama" | "t3" | "wilder";

/** How an exponential mean begins: from the mean of its first values, or from the first value alone. */
export type Seeding = "mean" | "first";

export function movingAverage(x: Input, period: number, kind: AverageKind): Line {
  return averages[kind](x, period);
}

export function sma(x: Input, period: number): Line {
  return period === 1 ? lineOf(x) : windowed("Mean", x, period);
}

/** Linearly weighted: today counts `period` times, the oldest row once. */
export function wma(x: Input, period: number): Line {
  return windowed("LWMA", x, period);
}

/** Exponential, α = 2/(period+1). Seeded by the first value it is smooth from there on, but shown from row period − 1. */
export function ema(x: Input, period: number, seeding: Seeding = "mean"): Line {
  if (seeding === "mean") return smoothed("SeededEMA", x, period);
  const { from } = lineOf(x);
  return startingAt(recurrent(`DMA(${values(x)},2/(${period}+1))`, from), from + period - 1);
}

/** Wilder's smoothing, α = 1/period. */
export function wilderAverage(x: Input, period: number): Line {
  return smoothed("Wilder", x, period);
}

/** Two times EMA − EMA of EMA (Mulloy 1994). */
export function dema(x: Input, period: number, seeding: Seeding = "mean"): Line {
  const once = ema(x, period, seeding);
  return combined([once, ema(once, period, seeding)], (a, b) => `2*${a}-${b}`);
}

/** 3·EMA − 3·EMA² + EMA³ (Mulloy 1994). */
export function tema(x: Input, period: number, seeding: Seeding = "mean"): Line {
  const once = ema(x, period, seeding);
  const twice = ema(once, period, seeding);
  return combined([once, twice, ema(twice, period, seeding)], (a, b, c) => `3*${a}-3*${b}+${c}`);
}

/** Mean of a mean: weights rise to the middle of the window and fall again. */
export function trima(x: Input, period: number): Line {
  const inner = Math.ceil((period + 1) / 2);
  return sma(sma(x, inner), period + 1 - inner);
}

/** Six exponential means one inside the other, combined with a volume factor v (Tillson 1998). */
export function t3(x: Input, period: number, v = 0.7): Line {
  const chain = [ema(x, period)];
  for (let level = 1; level < 6; level++) chain.push(ema(chain[level - 1]!, period));
  const weights = [
    1 + 3 * v + 3 * v ** 2 + v ** 3,
    3 * v + 6 * v ** 2 + 3 * v ** 3,
    3 * v ** 2 + 3 * v ** 3,
    v ** 3,
  ];
  return combined(chain.slice(2), (...parts) =>
    parts
      .map((part, index) => `${index === 0 ? "" : index % 2 === 1 ? "-" : "+"}${weights[index]}*${part}`)
      .join(""),
  );
}

/**
 * Kaufman's adaptive mean: the weight is the square of a mix of α = 2/31 and α = 2/3 by how straight the last `period`
 * rows went (Kaufman 1995).
 */
export function kama(x: Input, period: number): Line {
  const text = values(x);
  const change = `Abs(Delta(${text},${period}))`;
  const path = `Sum(Abs(Delta(${text},1)),${period})`;
  const weight = `(If(${path}<=${change},1.0,${change}/${path})*(2/3-2/31)+2/31)`;
  return recurrent(`DMA(${text},${weight}*${weight})`, lineOf(x).from + period);
}

const averages: Readonly<Record<AverageKind, (x: Input, period: number) => Line>> = {
  sma,
  ema,
  wma,
  dema,
  tema,
  trima,
  kama,
  t3,
  wilder: wilderAverage,
};
