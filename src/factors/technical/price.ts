import { combined, lineOf, ratio, windowed, type Flat, type Input, type Line } from "./line.ts";

/** One bar as one number (TA-Lib, Price Transform), and what a bar moved. */
export const averagePrice = lineOf("($open+$high+$low+$close)/4");
export const medianPrice = lineOf("($high+$low)/2");
export const typicalPrice = lineOf("($high+$low+$close)/3");
export const weightedClose = lineOf("($high+$low+$close*2)/4");

/** Larger of the day's range and its reach from yesterday's close (Wilder 1978); missing without yesterday's close. */
export const trueRange: Line = {
  text: "Greater($high,Ref($close,1))-Less($low,Ref($close,1))",
  from: 1,
};

/** (close − open)/(high − low): Livshin, Balance of Power (2001). */
export function balanceOfPower(options: { readonly flat?: Flat } = {}): Line {
  return lineOf(ratio("$close-$open", "$high-$low", options));
}

/** Middle of the highest and the lowest value of `period` rows. */
export function midpoint(x: Input, period: number): Line {
  return combined([windowed("Max", x, period), windowed("Min", x, period)], (a, b) => `(${a}+${b})/2`);
}

/** Middle of the highest high and the lowest low of `period` rows. */
export function midprice(period: number): Line {
  const [high, low] = [windowed("Max", "$high", period), windowed("Min", "$low", period)];
  return combined([high, low], (a, b) => `(${a}+${b})/2`);
}
