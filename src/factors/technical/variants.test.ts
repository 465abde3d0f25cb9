import { describe, expect, test } from "vitest";
import { buildGraph } from "#expression/ir/build";
import { evaluateExpressions } from "#expression/run/evaluate";
import { panelOf } from "#panel/panel";
import { bollinger } from "./bands.ts";
import { macd, trix } from "./convergence.ts";
import { averageDirectionalIndex, directionalIndex } from "./directional-movement.ts";
import { kdj } from "./kdj.ts";
import { expressionOf, type Line } from "./line.ts";
import { cmo, rsi, stochastic, williamsR } from "./momentum.ts";
import { dema, ema, kama, movingAverage, t3, tema } from "./moving-average.ts";
import { averageTrueRange, correlation } from "./volatility.ts";

/** Closes that rise and fall; highs and lows are 1 away. Small whole numbers, so that means are exact. */
const close = [10, 12, 11, 15, 14, 14, 18, 17, 20, 16, 19, 21, 23, 22, 24, 20, 18, 19, 25, 27];

function valuesOf(line: Line, prices: readonly number[] = close): number[] {
  const columns = Object.entries({ high: 1, low: -1, close: 0, open: 0 }).map(([name, away]) => ({
    name,
    values: Float64Array.from(prices, (price) => price + away),
  }));
  const panel = panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from(prices, (_, row) => row) },
    instruments: ["X"],
    first: Int32Array.of(0),
    last: Int32Array.of(prices.length - 1),
    columns,
  });
  const graph = buildGraph([expressionOf(line)], { fields: "f64" });
  return [...evaluateExpressions(graph, panel, { precision: "f64" })[0]!.values];
}

const at = (values: readonly number[]): number => values.findIndex(Number.isFinite);
const round = (value: number): number => Math.round(value * 1e9) / 1e9;

const mean = (from: number, rows: number): number =>
  close.slice(from, from + rows).reduce((sum, each) => sum + each, 0) / rows;

/** The close of row 5, smoothed from the first value on. */
const weigh = (weight: number): number => close.slice(1, 6).reduce((y, x) => y + weight * (x - y), close[0]!);

function width(ddof: 0 | 1): number {
  const bands = bollinger({ period: 4, deviations: 2, ddof });
  return valuesOf(bands.upper)[3]! - valuesOf(bands.middle)[3]!;
}

describe("variants of an indicator", () => {
  test("RSI: Cutler's averages are plain, Wilder's remember; the first values agree", () => {
    const cutler = valuesOf(rsi({ period: 4 }));
    const wilder = valuesOf(rsi({ period: 4, smoothing: "wilder" }));
    expect([at(cutler), at(wilder)]).toEqual([4, 4]);
    // Gains 2 and 4, losses 1 and 1.
    expect([round(cutler[4]!), round(wilder[4]!)]).toEqual([75, 75]);
    // Gains 4, losses 1 and 1: rows 2 to 5. Wilder keeps three quarters of what was.
    expect(round(cutler[5]!)).toBe(round((100 * 4) / 6));
    expect(round(wilder[5]!)).toBe(75);
  });

  test("RSI, stochastic and Williams are missing where nothing moves, or what `flat` says", () => {
    const still = close.map(() => 5);
    expect(at(valuesOf(rsi({ period: 3 }), still))).toBe(-1);
    expect(valuesOf(rsi({ period: 3, flat: 50 }), still).slice(2, 4)).toEqual([Number.NaN, 50]);
    expect(valuesOf(cmo({ period: 3, flat: 0 }), still)[3]).toBe(0);
    const { k } = stochastic({ period: 3, d: 2 });
    expect(valuesOf(k, still)[2]).toBe(50);
    expect(valuesOf(williamsR({ period: 3 }), still)[2]).toBe(-50);
  });

  test("KDJ begins a third of the way from 50 to the first RSV, or at the first RSV", () => {
    const rsv = valuesOf(stochastic({ period: 5, d: 3 }).k);
    const fifty = kdj({ period: 5, k: 3, d: 3 });
    const first = kdj({ period: 5, k: 3, d: 3, start: "first" });
    expect(round(valuesOf(fifty.k)[4]!)).toBe(round(50 + (rsv[4]! - 50) / 3));
    expect(round(valuesOf(fifty.d)[4]!)).toBe(round(50 + (rsv[4]! - 50) / 9));
    expect([first.k, first.d, first.j].map((line) => round(valuesOf(line)[4]!))).toEqual(
      [0, 1, 2].map(() => round(rsv[4]!)),
    );
    expect(round(valuesOf(first.k)[5]!)).toBe(round((2 * rsv[4]! + rsv[5]!) / 3));
  });

  test("MACD: the fast mean of TA-Lib starts late, plain seeds start at once, the first value is a seed too", () => {
    const options = { fast: 3, slow: 6, signal: 2 } as const;
    expect(round(valuesOf(macd(options).line)[5]!)).toBe(round(mean(3, 3) - mean(0, 6)));
    const early = valuesOf(macd({ ...options, seeding: "mean" }).line);
    expect(round(early[5]!)).not.toBe(round(mean(3, 3) - mean(0, 6)));
    const first = macd({ ...options, seeding: "first" });
    expect(round(valuesOf(first.line)[5]!)).toBe(round(weigh(2 / 4) - weigh(2 / 7)));
    expect([at(valuesOf(first.line)), at(valuesOf(first.signal))]).toEqual([5, 6]);
    const once = valuesOf(macd(options).histogram);
    const twice = valuesOf(macd({ ...options, histogram: 2 }).histogram);
    expect(twice.slice(6).map(round)).toEqual(once.slice(6).map((value) => round(2 * value)));
  });

  test("Bollinger's deviation is the population's, or the sample's", () => {
    // 10 12 11 15: mean 12, squares 14.
    expect([round(width(0)), round(width(1))]).toEqual([
      round(2 * Math.sqrt(14 / 4)),
      round(2 * Math.sqrt(14 / 3)),
    ]);
  });

  test("ATR by a plain mean forgets what left the window", () => {
    const simple = valuesOf(averageTrueRange({ period: 2, smoothing: "simple" }));
    // True ranges from row 1 on: 3 2 5 2 2 5.
    expect(simple.slice(0, 5)).toEqual([Number.NaN, Number.NaN, 2.5, 3.5, 3.5]);
  });

  test("every moving average begins where it says, and stays on a constant", () => {
    const kinds = ["sma", "ema", "wma", "dema", "tema", "trima", "kama", "wilder"] as const;
    const lines = [
      ...kinds.map((kind) => movingAverage("$close", 4, kind)),
      t3("$close", 3),
      ema("$close", 4, "first"),
      dema("$close", 4, "first"),
      tema("$close", 4, "first"),
    ];
    for (const line of lines) {
      expect(at(valuesOf(line))).toBe(line.from);
      expect(
        valuesOf(
          line,
          close.map(() => 8),
        )
          .slice(line.from)
          .map(round),
      ).toEqual(close.slice(line.from).map(() => 8));
    }
    expect(round(valuesOf(kama("$close", 3), [1, 2, 3, 4]).at(-1)!)).toBe(round(3 + (2 / 3) ** 2));
  });

  test("correlation knows no smallest deviation, unlike Corr", () => {
    const small = close.map((price) => price * 1e-9);
    const line = correlation({ x: "$close", y: "$high*$high", period: 5 });
    expect(at(valuesOf(line, small))).toBe(4);
  });

  test("DX is missing where there was no movement; TA-Lib repeats it and starts from 0", () => {
    const still = [...close.slice(0, 3).map(() => 10), ...close];
    const missing = valuesOf(directionalIndex({ period: 2 }), still);
    const talib = valuesOf(directionalIndex({ period: 2, idle: "talib" }), still);
    expect([missing[2], talib[2], talib[3]]).toEqual([Number.NaN, 0, 0]);
    expect(round(talib[6]!)).toBe(round(missing[6]!));
    const average = valuesOf(averageDirectionalIndex({ period: 2 }), still);
    expect(at(average)).toBeGreaterThan(at(missing));
  });

  test("TRIX of a line of constant growth is that growth in percent", () => {
    const growing = Array.from({ length: 30 }, (_, row) => 1.01 ** row);
    expect(round(valuesOf(trix("$close", 3, "first"), growing)[29]! * 1e-3)).toBeCloseTo(1e-3, 5);
  });

  test("a day without a bar moves no signal line", () => {
    const gapped = close.flatMap((price, row) => (row === 12 ? [price, Number.NaN, Number.NaN] : [price]));
    const { signal, line } = macd({ fast: 2, slow: 4, signal: 3 });
    const [whole, holed] = [valuesOf(signal), valuesOf(signal, gapped)];
    expect([holed[12], holed[13], holed[14]]).toEqual([whole[12], whole[12], whole[12]]);
    expect(holed.slice(15)).toEqual(whole.slice(13));
    expect(valuesOf(line, gapped).slice(15)).toEqual(valuesOf(line).slice(13));
  });
});
