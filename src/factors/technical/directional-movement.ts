import { combined, hidden, ratio, recurrent, startingAt, type Flat, type Line } from "./line.ts";
import { wilderAverage } from "./moving-average.ts";
import { trueRange } from "./price.ts";

/**
 * Wilder's directional movement system (New Concepts in Technical Trading Systems, 1978) with TA-Lib's sums: the first
 * one is of period − 1 values. `idle` says what a directional index is where there was no movement at all: missing,
 * so that ADX passes over it, or as in TA-Lib, where DX repeats its last value and ADX counts a 0 while it starts.
 */
export type Idle = "missing" | "talib";

const upMove = "Delta($high,1)";
const downMove = "(0-Delta($low,1))";

export function plusMovement(period: number): Line {
  return movement(`Greater(${upMove},0)*(${upMove}>${downMove})`, period);
}

export function minusMovement(period: number): Line {
  return movement(`Greater(${downMove},0)*(${downMove}>${upMove})`, period);
}

function movement(text: string, period: number): Line {
  const line: Line = { text, from: 1 };
  return period === 1 ? line : summed(line, period);
}

/** Begins one row before an average of as many rows would. */
function summed({ text, from }: Line, period: number): Line {
  return recurrent(`WilderSum(${text},${period})`, from + period - 2);
}

interface Directional {
  readonly period: number;
  readonly flat?: Flat;
}

/** +DI: upward movement in percent of the true range (as a share of it for period 1, which is not smoothed). */
export function plusIndicator(options: Directional): Line {
  return indicator(plusMovement(options.period), options);
}

export function minusIndicator(options: Directional): Line {
  return indicator(minusMovement(options.period), options);
}

function indicator(moved: Line, { period, flat }: Directional): Line {
  const range = period === 1 ? trueRange : summed(trueRange, period);
  const times = period === 1 ? 1 : 100;
  const line = combined([moved, range], (up, all) => ratio(up, all, { flat, times }));
  return startingAt(line, period);
}

/** DX: 100 · |+DI − −DI|/(+DI + −DI); the true range cancels. */
export function directionalIndex(options: { readonly period: number; readonly idle?: Idle }): Line {
  const { period } = options;
  const [plus, minus] = [plusMovement(period), minusMovement(period)];
  const index = startingAt(
    combined([plus, minus], (up, down) => ratio(`Abs(${up}-${down})`, `${up}+${down}`, { times: 100 })),
    period,
  );
  if (options.idle !== "talib") return index;
  // Starts at 0 when there is nothing to start from, and is carried where there is no movement.
  const first = `If(Count(${plus.text},0)<=2,${idleZero(index, plus, minus)},${hidden(index)})`;
  return recurrent(`DMA(${first},1)`, period);
}

/** ADX: Wilder's smoothing of DX. */
export function averageDirectionalIndex(options: { readonly period: number; readonly idle?: Idle }): Line {
  const { period } = options;
  const index = directionalIndex({ period });
  if (options.idle !== "talib") return wilderAverage(index, period);
  const [plus, minus] = [plusMovement(period), minusMovement(period)];
  const started = `If(Count(${plus.text},0)<=${period}+1,${idleZero(index, plus, minus)},${hidden(index)})`;
  return wilderAverage(recurrent(started, period), period);
}

function idleZero(index: Line, plus: Line, minus: Line): string {
  return `If(WarmUp(${plus.text}+${minus.text},${index.from})==0,0,${hidden(index)})`;
}

/** ADXR: mean of ADX today and period − 1 rows ago. */
export function directionalRating(options: { readonly period: number; readonly idle?: Idle }): Line {
  const { text, from } = averageDirectionalIndex(options);
  const rows = options.period - 1;
  return recurrent(`(${text}+Ref(${text},${rows}))/2`, from + rows);
}
