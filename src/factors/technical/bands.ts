import { combined, lineOf, windowed, type Input, type Line } from "./line.ts";
import { movingAverage, sma, type AverageKind } from "./moving-average.ts";

export interface Bands {
  readonly upper: Line;
  readonly middle: Line;
  readonly lower: Line;
}

/**
 * Bollinger's bands (Bollinger on Bollinger Bands, 2001): mean ± deviations, the population's (ddof 0) unless told. %b is
 * where x stands between them (0 lower, 1 upper), the width is theirs over the middle.
 */
export function bollinger(options: {
  readonly x?: Input;
  readonly period: number;
  readonly deviations: number;
  readonly lowerDeviations?: number;
  readonly ddof?: 0 | 1;
  readonly kind?: AverageKind;
}): Bands & { readonly percentB: Line; readonly width: Line } {
  const x = lineOf(options.x ?? "$close");
  const middle = movingAverage(x, options.period, options.kind ?? "sma");
  const spread = windowed(options.ddof === 1 ? "Std" : "StdP", x, options.period);
  const below = options.lowerDeviations ?? options.deviations;
  const upper = combined([middle, spread], (mean, deviation) => `${mean}+${options.deviations}*${deviation}`);
  const lower = combined([middle, spread], (mean, deviation) => `${mean}-${below}*${deviation}`);
  return {
    upper,
    middle,
    lower,
    percentB: combined([x, upper, lower], (now, top, bottom) => `(${now}-${bottom})/(${top}-${bottom})`),
    width: combined([upper, middle, lower], (top, mean, bottom) => `(${top}-${bottom})/${mean}`),
  };
}

/** Acceleration bands: means of the high and low moved outward by 4·(high − low)/(high + low) of themselves (Headley 2002). */
export function accelerationBands(period: number): Bands {
  const spread = "4*($high-$low)/($high+$low)";
  return {
    upper: sma(`$high*(1+${spread})`, period),
    middle: sma("$close", period),
    lower: sma(`$low*(1-${spread})`, period),
  };
}
