import { assert, property } from "fast-check";
import { expect, test } from "vitest";
import { alphaBeta } from "./alpha-beta.ts";
import { rankAutocorrelation } from "./autocorrelation.ts";
import { coverageOf } from "./coverage.ts";
import { maximumDrawdown, netValue } from "./cumulative.ts";
import { dailyMeans, demeaned } from "./demean.ts";
import { eventStudy } from "./event-study.ts";
import { factorCorrelation } from "./factor-correlation.ts";
import { factorWeights, weightedReturns } from "./factor-weights.ts";
import { gridFrom, grids } from "./grid-fixture.ts";
import { longShort } from "./long-short.ts";
import { pearson } from "./pearson.ts";
import { bucketMeans, lessUniverse, monotonicity, quantileReturns, spreadOf } from "./quantile-returns.ts";
import { quantileBuckets } from "./quantiles.ts";
import { dailyRanks } from "./ranks.ts";
import { convertedDeviation, convertedRate } from "./rate-conversion.ts";
import { bucketTurnover } from "./turnover.ts";

const NaNs = Number.NaN;

test("bucket returns, spread and monotonicity of a hand-made day", () => {
  const buckets = quantileBuckets(gridFrom([[1, 2, 3, 4]]), { quantiles: 2 });
  const returns = quantileReturns(buckets, gridFrom([[0.01, 0.03, 0.05, NaNs]]));
  expect(returns.mean[0]).toBeCloseTo(0.02, 15);
  expect(returns.mean[1]).toBe(0.05);
  expect([...returns.count]).toEqual([2, 1]);
  expect(returns.error[0]).toBeCloseTo(0.01, 15);
  expect(returns.error[1]).toBeNaN();
  expect(spreadOf(returns).values[0]).toBeCloseTo(0.03, 15);
  expect(monotonicity(bucketMeans(returns))).toBeCloseTo(1, 15);
});

test("taking off the universe's mean afterwards equals demeaning the label first", () => {
  assert(
    property(grids(2), ([factor, label]) => {
      const buckets = quantileBuckets(factor!, { quantiles: 3 });
      const after = lessUniverse(quantileReturns(buckets, label!), dailyMeans(label!)).mean;
      const before = quantileReturns(buckets, demeaned(label!)).mean;
      expect([...after].map(Number.isNaN)).toEqual([...before].map(Number.isNaN));
      expect(after.every((value, k) => Number.isNaN(value) || Math.abs(value - before[k]!) < 1e-12)).toBe(
        true,
      );
    }),
  );
});

test("turnover is the share of new names, missing without a day to compare", () => {
  const buckets = quantileBuckets(
    gridFrom([
      [1, 2, 3, 4],
      [1, 4, 3, 2],
      [NaNs, NaNs, NaNs, NaNs],
      [4, 3, 2, 1],
    ]),
    { quantiles: 2 },
  );
  expect([...bucketTurnover(buckets, 2)]).toEqual([NaNs, 0.5, NaNs, NaNs]);
  expect([...bucketTurnover(buckets, 2, 3)]).toEqual([NaNs, NaNs, NaNs, 1]);
});

test("a ranking that stays has autocorrelation 1, one that turns −1", () => {
  const series = rankAutocorrelation(
    gridFrom([
      [1, 2, 3],
      [10, 20, 30],
      [3, 2, 1],
    ]),
  );
  expect(series[0]).toBeNaN();
  expect(series[1]).toBeCloseTo(1, 15);
  expect(series[2]).toBeCloseTo(-1, 15);
});

test("coverage counts finite values inside the universe and reports infinities", () => {
  const coverage = coverageOf(
    gridFrom([[1, Number.POSITIVE_INFINITY, NaNs, 4]]),
    gridFrom([[1, 1, 1, NaNs]]),
  );
  expect([...coverage.counts]).toEqual([1]);
  expect(coverage.share[0]).toBeCloseTo(1 / 3, 15);
  expect(coverage.infinite).toBe(1);
});

test("weights of a day sum to 1 in size and, demeaned, to 0", () => {
  assert(
    property(grids(1), ([factor]) => {
      for (const equalWeight of [false, true]) {
        const { values, rows, lanes } = factorWeights(factor!, { equalWeight });
        for (let row = 0; row < rows; row++) {
          const day = [...values.subarray(row * lanes, (row + 1) * lanes)].filter((w) => !Number.isNaN(w));
          if (day.length === 0) continue;
          const sizes = day.reduce((sum, weight) => sum + Math.abs(weight), 0);
          expect(sizes).toBeCloseTo(1, 9);
          const sides = [day.some((weight) => weight > 0), day.some((weight) => weight < 0)];
          const net = day.reduce((sum, weight) => sum + weight, 0);
          expect(equalWeight && sides.includes(false) ? 0 : net).toBeCloseTo(0, 9);
        }
      }
    }),
  );
});

test("a portfolio of equal weights earns the mean", () => {
  const weights = factorWeights(gridFrom([[1, 1, 1, NaNs]]), { demeaned: false });
  expect(weightedReturns(weights, gridFrom([[0.03, 0.06, 0.09, 5]]))[0]).toBeCloseTo(0.06, 15);
});

test("alpha and beta of a line are its own", () => {
  const universe = [0.01, -0.02, 0.03, 0.005, NaNs];
  const fit = alphaBeta(
    universe.map((value) => 0.001 + 1.5 * value),
    universe,
    { periodsPerYear: 252 },
  );
  expect(fit.beta).toBeCloseTo(1.5, 12);
  expect(fit.annualAlpha).toBeCloseTo(1.001 ** 252 - 1, 10);
  expect(fit.days).toBe(4);
});

test("long and short take the outer fifths of the pairs", () => {
  const sides = longShort(gridFrom([[5, 4, 3, 2, 1, 6]]), gridFrom([[0.5, 0.4, 0.3, 0.2, 0.1, NaNs]]));
  expect([sides.long[0], sides.short[0]]).toEqual([0.5, 0.1]);
  expect(sides.longShort[0]).toBeCloseTo(0.2, 15);
  expect(sides.average[0]).toBeCloseTo(0.3, 15);
});

test("net value compounds, stays level over a hole, and knows its deepest fall", () => {
  const value = netValue([0.1, NaNs, -0.5, 0.2]);
  expect([...value].map((v) => Number(v.toFixed(12)))).toEqual([1.1, 1.1, 0.55, 0.66]);
  expect(maximumDrawdown(value)).toBeCloseTo(-0.5, 12);
  expect(maximumDrawdown(netValue([-0.2]))).toBeCloseTo(-0.2, 12);
});

test("a rate converted there and back is itself", () => {
  expect(convertedRate(convertedRate(0.05, 5, 1), 1, 5)).toBeCloseTo(0.05, 14);
  expect(convertedDeviation(0.1, 4, 1)).toBe(0.05);
});

test("an event study reads the net values around the day", () => {
  const buckets = quantileBuckets(
    gridFrom([
      [NaNs, NaNs],
      [1, 2],
      [NaNs, NaNs],
    ]),
    { quantiles: 2 },
  );
  const values = gridFrom([
    [1, 1],
    [1.1, 1.2],
    [1.3, 1.5],
  ]);
  const study = eventStudy(buckets, values, { before: 1, after: 1, demeaned: false });
  expect([...study.offsets]).toEqual([-1, 0, 1]);
  expect([...study.mean]).toEqual([1, 1.1, 1.3, 1, 1.2, 1.5]);
  const relative = eventStudy(buckets, values, { before: 1, after: 1 });
  expect(relative.mean[2]).toBeCloseTo(-0.1, 14);
});

test("factor correlations equal the mean of pairwise rank correlations", () => {
  assert(
    property(grids(3), (factors) => {
      const fast = factorCorrelation(factors, { minInstruments: 2 });
      const ranks = factors.map(dailyRanks);
      const { rows, lanes } = factors[0]!;
      for (const [i, j] of [
        [0, 1],
        [0, 2],
        [1, 2],
      ] as const) {
        let sum = 0;
        let days = 0;
        for (let row = 0; row < rows; row++) {
          const cells = Array.from({ length: lanes }, (_, lane) => row * lanes + lane).filter(
            (cell) => !Number.isNaN(ranks[i]!.values[cell]! + ranks[j]!.values[cell]!),
          );
          const correlation = pearson(
            cells.map((cell) => ranks[i]!.values[cell]!),
            cells.map((cell) => ranks[j]!.values[cell]!),
            cells.length,
          );
          if (Number.isNaN(correlation)) continue;
          sum += correlation;
          days++;
        }
        const slow = sum / days;
        expect(Number.isNaN(fast.values[i * 3 + j]!)).toBe(Number.isNaN(slow));
        expect(Math.abs((fast.values[i * 3 + j]! || 0) - (slow || 0))).toBeLessThan(1e-9);
        expect(fast.values[j * 3 + i]).toBe(fast.values[i * 3 + j]);
      }
    }),
  );
});
