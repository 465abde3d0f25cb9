/**
 * One row of the factor table: every headline figure of one factor against one label. The factor is sorted once per
 * day; IC, buckets, autocorrelation and the rest walk along that order.
 * Buckets are formed from all instruments that have the factor on the day, whether or not their label exists:
 * the portfolio does not know the future.
 */
import { rankAutocorrelation } from "./autocorrelation.ts";
import { coverageOf } from "./coverage.ts";
import { dailyMeans } from "./demean.ts";
import { ordered } from "./grid.ts";
import type { Grid, OrderedGrid } from "./grid.ts";
import { informationCoefficient } from "./information-coefficient.ts";
import type { IcSeries } from "./information-coefficient.ts";
import { bucketMeans, lessUniverse, monotonicity, quantileReturns, spreadOf } from "./quantile-returns.ts";
import type { BucketMean, QuantileReturns, Spread } from "./quantile-returns.ts";
import { quantileBuckets } from "./quantiles.ts";
import type { Buckets } from "./quantiles.ts";
import { dailyRanks } from "./ranks.ts";
import { automaticLag, meanOf, seriesStatistics } from "./series-statistics.ts";
import type { SeriesStatistics } from "./series-statistics.ts";
import type { EvaluationSettings } from "./settings.ts";
import { bucketTurnover } from "./turnover.ts";

/** What all factors of one evaluation share. */
export interface EvaluationContext {
  readonly label: OrderedGrid;
  /** Mean label of each day. */
  readonly universeMeans: Float64Array;
  /** Rows the label holds a position; overlapping labels need at least `horizon − 1` Newey–West lags. */
  readonly horizon: number;
  readonly universe: Grid;
  readonly settings: EvaluationSettings;
}

export interface FactorSummary {
  readonly name: string;
  readonly ic: SeriesStatistics;
  readonly rankIc: SeriesStatistics;
  readonly thinDays: number;
  readonly flatDays: number;
  /** Days with equal bucket edges (an empty bucket). */
  readonly tiedDays: number;
  /** Top − bottom bucket, per row of the label. */
  readonly spread: SeriesStatistics;
  /** Spread mean ÷ horizon × periods per year: simple, no compounding, before costs. */
  readonly annualSpread: number;
  /** Top bucket less the universe's mean, annualised likewise: what a long-only holder gains. */
  readonly annualTopExcess: number;
  /** Bottom bucket likewise: the one to hold when the factor works the other way round. */
  readonly annualBottomExcess: number;
  readonly monotonicity: number;
  /** Mean of the top and the bottom bucket's turnover per row. */
  readonly turnover: number;
  readonly coverage: number;
  readonly infinite: number;
  /** Mean rank autocorrelation over one row. */
  readonly autocorrelation: number;
}

/** The daily figures behind a summary. */
export interface FactorSeries {
  readonly factor: OrderedGrid;
  readonly ranks: Grid;
  readonly ic: IcSeries;
  readonly rankIc: IcSeries;
  readonly buckets: Buckets;
  readonly returns: QuantileReturns;
  readonly excessMeans: readonly BucketMean[];
  readonly spread: Spread;
  readonly topTurnover: Float64Array;
  readonly bottomTurnover: Float64Array;
  readonly autocorrelation: Float64Array;
  readonly coverage: Float64Array;
}

export function evaluationContext(parts: {
  readonly label: Grid;
  readonly horizon: number;
  readonly universe: Grid;
  readonly settings: EvaluationSettings;
}): EvaluationContext {
  return { ...parts, label: ordered(parts.label), universeMeans: dailyMeans(parts.label) };
}

/** Everything a table row and a detail page need of one factor. */
export function evaluateFactor(
  name: string,
  grid: Grid,
  context: EvaluationContext,
): { readonly summary: FactorSummary; readonly series: FactorSeries } {
  const { label, universeMeans, universe, settings, horizon } = context;
  const { minInstruments, periodsPerYear } = settings;
  const factor = ordered(grid);
  const ranks = dailyRanks(factor);
  const ic = informationCoefficient(factor, label, { method: "pearson", minInstruments });
  const rankIc = informationCoefficient(factor, label, { method: "spearman", minInstruments });
  const buckets = enoughOnly(
    quantileBuckets(factor, { quantiles: settings.quantiles }),
    factor,
    minInstruments,
  );
  const returns = quantileReturns(buckets, label);
  const excessMeans = bucketMeans(lessUniverse(returns, universeMeans));
  const lag = (values: Float64Array) => ({ lag: neweyWestLag(values, horizon) });
  const plain = spreadOf(returns);
  const spread = { ...plain, statistics: seriesStatistics(plain.values, lag(plain.values)) };
  const topTurnover = bucketTurnover(buckets, settings.quantiles);
  const bottomTurnover = bucketTurnover(buckets, 1);
  const autocorrelation = rankAutocorrelation(factor, 1, ranks);
  const coverage = coverageOf(factor, universe);
  const perYear = periodsPerYear / horizon;
  const summary: FactorSummary = {
    name,
    ic: seriesStatistics(ic.values, lag(ic.values)),
    rankIc: seriesStatistics(rankIc.values, lag(rankIc.values)),
    thinDays: rankIc.thinDays,
    flatDays: rankIc.flatDays,
    tiedDays: buckets.tiedDays,
    spread: spread.statistics,
    annualSpread: spread.statistics.mean * perYear,
    annualTopExcess: excessMeans[excessMeans.length - 1]!.mean * perYear,
    annualBottomExcess: excessMeans[0]!.mean * perYear,
    monotonicity: monotonicity(excessMeans),
    turnover: (meanOf(topTurnover) + meanOf(bottomTurnover)) / 2,
    coverage: meanOf(coverage.share),
    infinite: coverage.infinite,
    autocorrelation: meanOf(autocorrelation),
  };
  return {
    summary,
    series: {
      factor,
      ranks,
      ic,
      rankIc,
      buckets,
      returns,
      excessMeans,
      spread,
      topTurnover,
      bottomTurnover,
      autocorrelation,
      coverage: coverage.share,
    },
  };
}

/** The automatic lag, but never below what overlapping labels need. */
export function neweyWestLag(series: Float64Array, horizon: number): number {
  const days = series.filter((value) => !Number.isNaN(value)).length;
  return Math.max(automaticLag(days), horizon - 1);
}

/** Days with fewer instruments than the minimum have no buckets. */
function enoughOnly(buckets: Buckets, factor: OrderedGrid, minInstruments: number): Buckets {
  for (let row = 0; row < buckets.rows; row++) {
    if (factor.counts[row]! < minInstruments) {
      buckets.values.fill(0, row * buckets.lanes, (row + 1) * buckets.lanes);
    }
  }
  return buckets;
}
