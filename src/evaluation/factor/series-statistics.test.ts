import { expect, test } from "vitest";
import { dayOf } from "#market/day";
import { histogramOf } from "./histogram.ts";
import { monthlyMeans } from "./monthly.ts";
import { multipleTesting } from "./multiple-testing.ts";
import { normalDistribution, normalQuantile } from "./normal.ts";
import {
  automaticLag,
  cumulativeSum,
  neweyWestError,
  rollingMean,
  seriesStatistics,
} from "./series-statistics.ts";

const NaNs = Number.NaN;

test("mean, deviation, ratio, t and hit rate leave missing days out", () => {
  const statistics = seriesStatistics([0.1, NaNs, -0.1, 0.2, 0.2], { lag: 0 });
  expect(statistics.days).toBe(4);
  expect(statistics.mean).toBeCloseTo(0.1, 15);
  expect(statistics.std).toBeCloseTo(Math.sqrt(0.06 / 3), 15);
  expect(statistics.t).toBeCloseTo(0.1 / (Math.sqrt(0.06 / 3) / 2), 12);
  expect(statistics.hitRate).toBe(0.75);
});

test("Newey–West without lags is the population standard error, and with one lag the worked example", () => {
  const values = Float64Array.of(1, 2, 4, 3);
  // Deviations −1.5 −0.5 1.5 0.5: γ₀ = 5/4, γ₁ = (0.75 − 0.75 + 0.75)/4.
  expect(neweyWestError(values, 0)).toBeCloseTo(Math.sqrt(1.25 / 4), 15);
  expect(neweyWestError(values, 1)).toBeCloseTo(Math.sqrt((1.25 + 2 * 0.5 * 0.1875) / 4), 15);
  expect(automaticLag(100)).toBe(4);
  expect(automaticLag(610)).toBe(5);
});

test("an empty series has no statistics", () => {
  const statistics = seriesStatistics([NaNs]);
  expect(statistics.days).toBe(0);
  expect([statistics.mean, statistics.std, statistics.t, statistics.tNeweyWest, statistics.hitRate]).toEqual([
    NaNs,
    NaNs,
    NaNs,
    NaNs,
    NaNs,
  ]);
});

test("a rolling mean needs half its window; a running sum stays level over a hole", () => {
  expect([...rollingMean([1, 3, NaNs, 5, NaNs, NaNs], 2)]).toEqual([NaNs, 2, 3, 5, 5, NaNs]);
  expect([...cumulativeSum([1, NaNs, 2])]).toEqual([1, 1, 3]);
});

test("months without a session are there and empty", () => {
  const days = Int32Array.of(
    dayOf("2018-11-30"),
    dayOf("2019-01-02"),
    dayOf("2019-01-03"),
    dayOf("2019-02-01"),
  );
  const { months, means, days: counts } = monthlyMeans(days, [1, 2, 4, NaNs]);
  expect(months).toEqual(["2018-11", "2018-12", "2019-01", "2019-02"]);
  expect([...means]).toEqual([1, NaNs, 3, NaNs]);
  expect([...counts]).toEqual([1, 0, 2, 0]);
});

test("the normal distribution and its inverse have the table's values", () => {
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 10);
  expect(normalQuantile(0.0005)).toBeCloseTo(-3.290526731491926, 10);
  expect(normalDistribution(0)).toBe(0.5);
  expect(normalDistribution(-5)).toBeCloseTo(2.866515718791939e-7, 18);
  expect(normalDistribution(1) + normalDistribution(-1)).toBeCloseTo(1, 15);
});

test("the Bonferroni bound of one test is the usual 1.96", () => {
  const one = multipleTesting([2.5, NaNs]);
  expect(one).toMatchObject({ tests: 1, beyondTwo: 1, beyondBonferroni: 1 });
  expect(one.bonferroniT).toBeCloseTo(1.959963984540054, 9);
  expect(multipleTesting(Array.from({ length: 158 }, () => 3)).beyondBonferroni).toBe(0);
});

test("a histogram counts every value once and expects as many", () => {
  const values = [-9, -0.3, -0.2, 0, 0.24, 0.26, 9, NaNs];
  const { counts, expected, edges } = histogramOf(values, { width: 0.5, limit: 1 });
  expect([...edges]).toEqual([-1.25, -0.75, -0.25, 0.25, 0.75, 1.25]);
  expect([...counts]).toEqual([1, 1, 3, 1, 1]);
  expect(expected.reduce((sum, value) => sum + value, 0)).toBeCloseTo(7, 12);
});
