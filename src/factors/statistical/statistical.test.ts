import { describe, expect, test } from "vitest";
import {
  backends,
  changeOver,
  deviation,
  differences,
  mean,
  rolling,
  valuesOf,
  walk,
} from "../testing/one-instrument.ts";
import { statistical } from "./statistical.ts";

const bars = walk(150, 7);
const { close, volume } = bars;
const returns = changeOver(close, 1);
const NAN = Number.NaN;

/** NaN on the first rows; the definitions below fill a window as soon as it has rows. */
const from = (row: number, x: readonly number[]): number[] => x.map((value, at) => (at < row ? NAN : value));
const blank = (x: readonly number[]): number[] => x.map((value) => (Number.isFinite(value) ? value : NAN));

function moment(x: readonly number[], power: number): number {
  const centre = mean(x);
  return mean(x.map((value) => (value - centre) ** power));
}

/** Fisher–Pearson with pandas' correction. */
function skewness(x: readonly number[]): number {
  const n = x.length;
  return ((moment(x, 3) / moment(x, 2) ** 1.5) * Math.sqrt(n * (n - 1))) / (n - 2);
}

function kurtosis(x: readonly number[]): number {
  const n = x.length;
  const excess = moment(x, 4) / moment(x, 2) ** 2 - 3;
  return ((n - 1) / ((n - 2) * (n - 3))) * ((n + 1) * excess + 6);
}

function correlation(x: readonly number[], y: readonly number[]): number {
  const pairs = x
    .map((value, at) => [value, y[at]!] as const)
    .filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b));
  const [a, b] = [pairs.map((pair) => pair[0]), pairs.map((pair) => pair[1])];
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = mean(a.map((value, at) => (value - meanA) * (b[at]! - meanB)));
  return product / Math.sqrt(moment(a, 2) * moment(b, 2));
}

const rollingCorrelation = (x: readonly number[], y: readonly number[], rows: number): number[] =>
  x.map((_, at) =>
    at + 1 < rows ? NAN : correlation(x.slice(at + 1 - rows, at + 1), y.slice(at + 1 - rows, at + 1)),
  );

function quantile(x: readonly number[], share: number): number {
  const sorted = x.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)]!;
  return below + (place - Math.floor(place)) * ((sorted[Math.ceil(place)] ?? below) - below);
}

const previous = (x: readonly number[]): number[] => x.map((_, at) => x[at - 1] ?? NAN);
const scores = (x: readonly number[], rows: number): number[] => {
  const centres = rolling(x, rows, mean);
  const spreads = rolling(x, rows, deviation);
  return x.map((value, at) => (value - centres[at]!) / spreads[at]!);
};
const sizes = returns.map(Math.abs);

const definitions: Readonly<Record<string, (rows: number) => readonly number[]>> = {
  ZSCORE: (rows) => scores(close, rows),
  VOLUME_ZSCORE: (rows) => scores(volume, rows),
  RETURN_ZSCORE: (rows) => from(rows, scores(returns, rows)),
  RETURN_MEAN: (rows) => from(rows, rolling(returns, rows, mean)),
  RETURN_STD: (rows) => from(rows, rolling(returns, rows, deviation)),
  DOWNSIDE_STD: (rows) =>
    from(
      rows,
      rolling(returns, rows, (x) => Math.sqrt(mean(x.map((value) => Math.min(value, 0) ** 2)))),
    ),
  RETURN_SKEW: (rows) => from(rows, rolling(returns, rows, skewness)),
  RETURN_KURT: (rows) => from(rows, rolling(returns, rows, kurtosis)),
  RETURN_Q05: (rows) =>
    from(
      rows,
      rolling(returns, rows, (x) => quantile(x, 0.05)),
    ),
  AUTOCORR: (rows) => from(rows + 1, rollingCorrelation(returns, previous(returns), rows)),
  ABS_AUTOCORR: (rows) => from(rows + 1, rollingCorrelation(sizes, previous(sizes), rows)),
  RETURN_VOLUME_CORR: (rows) => from(rows, rollingCorrelation(returns, volume, rows)),
  DRAWDOWN: (rows) => {
    const highest = rolling(close, rows, (x) => Math.max(...x));
    return close.map((value, at) => value / highest[at]! - 1);
  },
  POSITION: (rows) => {
    const highest = rolling(close, rows, (x) => Math.max(...x));
    const lowest = rolling(close, rows, (x) => Math.min(...x));
    return close.map((value, at) => (value - lowest[at]!) / (highest[at]! - lowest[at]!));
  },
};

describe.each(backends)("the stat set through %s", (backend) => {
  const values = valuesOf(statistical, bars, backend);

  test("has every family over every window, and a definition here for each", () => {
    expect(statistical.factors.map(({ name }) => name)).toEqual(
      Object.keys(definitions).flatMap((name) => [10, 20, 60].map((rows) => `${name}_${rows}`)),
    );
  });

  test.each(statistical.factors.map(({ name }) => name))("%s is what its definition says", (name) => {
    const cut = name.lastIndexOf("_");
    const expected = blank(definitions[name.slice(0, cut)]!(Number(name.slice(cut + 1))));
    expect(expected.filter(Number.isFinite).length).toBeGreaterThan(60);
    // Returns are float32 in Qlib's types, so a kurtosis keeps five figures.
    expect(differences(values.get(name)!, expected, 2e-5)).toEqual([]);
  });

  test("a constant close has no z-score and no position, and falls from no high", () => {
    const still = { ...bars, close: bars.close.map(() => 7) };
    const flat = valuesOf(statistical, still, backend);
    for (const name of ["ZSCORE_20", "POSITION_20", "RETURN_ZSCORE_20"])
      expect(flat.get(name)!.every(Number.isNaN), name).toBe(true);
    expect(flat.get("DRAWDOWN_20")!.slice(19)).toEqual(Array.from({ length: 131 }, () => 0));
  });
});
