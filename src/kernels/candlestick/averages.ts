import type { Candles } from "./candles.ts";

/**
 * Means over the bars before each bar, that bar left out: what candle settings compare with. Sums over the window, oldest
 * bar first, where TA-Lib keeps running totals: so a value depends on nothing before its window. Missing bars
 * are left out; NaN when none is there, and before the window is full.
 */
export class Averages {
  readonly body10: Float64Array;
  readonly range10: Float64Array;
  readonly range5: Float64Array;
  /** Of upper and lower shadow together. */
  readonly shadows10: Float64Array;

  constructor(candles: Candles) {
    const { length } = candles;
    const body = new Float64Array(length);
    const range = new Float64Array(length);
    const shadows = new Float64Array(length);
    for (let t = 0; t < length; t++) {
      body[t] = candles.body(t);
      range[t] = candles.range(t);
      shadows[t] = candles.upperShadow(t) + candles.lowerShadow(t);
    }
    this.body10 = meansBefore(body, 10);
    this.range10 = meansBefore(range, 10);
    this.range5 = meansBefore(range, 5);
    this.shadows10 = meansBefore(shadows, 10);
  }
}

function meansBefore(x: Float64Array, bars: number): Float64Array {
  const means = new Float64Array(x.length).fill(Number.NaN);
  for (let t = bars; t < x.length; t++) {
    let sum = 0;
    for (let i = t - bars; i < t; i++) sum += x[i]!;
    means[t] = Number.isNaN(sum) ? meanOfThose(x, t - bars, t) : sum / bars;
  }
  return means;
}

function meanOfThose(x: Float64Array, from: number, to: number): number {
  let sum = 0;
  let there = 0;
  for (let i = from; i < to; i++) {
    if (Number.isNaN(x[i]!)) continue;
    sum += x[i]!;
    there++;
  }
  return sum / there;
}
