import { combined, recurrent, values, type Line } from "./line.ts";
import { stochasticK } from "./momentum.ts";

/**
 * KDJ, the stochastic as it is used in China: RSV is %K, K ← K + (RSV − K)/k, D ← D + (K − D)/d, J = 3K − 2D. `start` is what K
 * and D are before the first row (50 in 通达信), or `first`: the first RSV itself. Where nothing moved RSV is missing and K
 * and D keep their values.
 */
export function kdj(options: {
  readonly period: number;
  readonly k: number;
  readonly d: number;
  readonly start?: number | "first";
}): { readonly k: Line; readonly d: Line; readonly j: Line } {
  const start = options.start ?? 50;
  const k = smoothedFrom(stochasticK({ period: options.period }), options.k, start);
  const d = smoothedFrom(k, options.d, start);
  return { k, d, j: combined([k, d], (fast, slow) => `3*${fast}-2*${slow}`) };
}

function smoothedFrom(line: Line, rows: number, start: number | "first"): Line {
  const text = values(line);
  const first = `${start}+((${text})-${start})/${rows}`;
  const x = start === "first" ? text : `If(Count(${text},0)==1,${first},${text})`;
  return recurrent(`DMA(${x},1/${rows})`, line.from);
}
