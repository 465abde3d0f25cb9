import { combined, lineOf, recurrent, startingAt, windowed, type Input, type Line } from "./line.ts";
import { midprice } from "./price.ts";

/** Aroon (Chande 1995): how recent the highest high and lowest low of period + 1 rows are, 100 is today. */
export function aroon(period: number): { readonly up: Line; readonly down: Line; readonly oscillator: Line } {
  const recent = (bars: Line): Line => combined([bars], (since) => `100*(${period}-${since})/${period}`);
  const high = windowed("HighestBars", "$high", period + 1);
  const low = windowed("LowestBars", "$low", period + 1);
  return {
    up: recent(high),
    down: recent(low),
    oscillator: combined([high, low], (a, b) => `100*(${b}-${a})/${period}`),
  };
}

/** Parabolic stop and reverse (Wilder 1978). */
export function parabolicSar(step: number, limit: number): Line {
  return recurrent(`SAR($high,$low,${step},${limit})`, 1);
}

/**
 * Ichimoku (Hosoda 1969). The spans stand where they are drawn: today's cloud was computed `middle` rows ago. The line that is
 * drawn back in time (chikou) is a later close and no indicator of its day.
 */
export function ichimoku(options: {
  readonly short: number;
  readonly middle: number;
  readonly long: number;
}): {
  readonly tenkan: Line;
  readonly kijun: Line;
  readonly senkouA: Line;
  readonly senkouB: Line;
} {
  const tenkan = midprice(options.short);
  const kijun = midprice(options.middle);
  const later = ({ text, from }: Line): Line =>
    startingAt({ text: `Ref(${text},${options.middle})`, from }, from + options.middle);
  return {
    tenkan,
    kijun,
    senkouA: later(combined([tenkan, kijun], (a, b) => `(${a}+${b})/2`)),
    senkouB: later(midprice(options.long)),
  };
}

/** The least-squares line through `period` rows: its value today, slope a row, value at the oldest row, angle, next value. */
export function linearRegression(
  x: Input,
  period: number,
): {
  readonly value: Line;
  readonly slope: Line;
  readonly intercept: Line;
  readonly angle: Line;
  readonly forecast: Line;
} {
  const line = lineOf(x);
  const slope = windowed("Slope", line, period);
  const value = combined([line, windowed("Resi", line, period)], (now, residual) => `${now}-${residual}`);
  return {
    value,
    slope,
    intercept: combined([value, slope], (now, rise) => `${now}-${rise}*${period - 1}`),
    angle: combined([slope], (rise) => `Atan(${rise})*${180 / Math.PI}`),
    forecast: combined([value, slope], (now, rise) => `${now}+${rise}`),
  };
}
