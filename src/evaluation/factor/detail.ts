/** One factor in depth: the series and tables behind its row, ready to draw. */
import { rankAutocorrelation } from "./autocorrelation.ts";
import { maximumDrawdown, netValue } from "./cumulative.ts";
import { dailyMeans } from "./demean.ts";
import { requireSameShape } from "./grid.ts";
import type { Grid } from "./grid.ts";
import type { GroupGrid } from "./groups.ts";
import { histogramOf } from "./histogram.ts";
import type { Histogram } from "./histogram.ts";
import { informationCoefficient, informationCoefficientByGroup } from "./information-coefficient.ts";
import { monthlyMeans } from "./monthly.ts";
import type { MonthlyMeans } from "./monthly.ts";
import { bucketMeans, bucketSeries } from "./quantile-returns.ts";
import type { BucketMean } from "./quantile-returns.ts";
import { cumulativeSum, meanOf, rollingMean, seriesStatistics } from "./series-statistics.ts";
import type { SeriesStatistics } from "./series-statistics.ts";
import { neweyWestLag } from "./summary.ts";
import type { EvaluationContext, FactorSeries, FactorSummary } from "./summary.ts";
import { bucketTurnover } from "./turnover.ts";

/** A label of the decay curve. */
export interface DecayLabel {
  readonly horizon: number;
  readonly grid: Grid;
}

export interface DecayPoint {
  readonly horizon: number;
  readonly rankIc: SeriesStatistics;
}

export interface GroupIc {
  readonly group: string;
  readonly rankIc: SeriesStatistics;
  /** Mean complete pairs on the days that count. */
  readonly instruments: number;
}

export interface FactorDetail {
  readonly name: string;
  readonly summary: FactorSummary;
  readonly rankIc: Float64Array;
  readonly rankIcRolling: Float64Array;
  /** Daily rank ICs; expected: a normal distribution of the same mean and deviation. */
  readonly rankIcHistogram: Histogram;
  readonly cumulativeIc: Float64Array;
  readonly cumulativeRankIc: Float64Array;
  readonly monthly: MonthlyMeans;
  readonly decay: readonly DecayPoint[];
  /** Mean label of each bucket as it is, and less the universe's mean. */
  readonly bucketMeans: readonly BucketMean[];
  readonly bucketExcess: readonly BucketMean[];
  /**
   * Net value of each bucket and of all instruments in any bucket, reformed every row. Null when the label is held
   * for more than one row: overlapping returns cannot be compounded.
   */
  readonly netValues: {
    readonly buckets: readonly Float64Array[];
    readonly universe: Float64Array;
    /** Π(1 + top − bottom): one unit long, one short. */
    readonly spread: Float64Array;
    readonly spreadDrawdown: number;
  } | null;
  readonly spreadRolling: Float64Array;
  readonly bucketTurnover: readonly number[];
  readonly topTurnoverRolling: Float64Array;
  readonly bottomTurnoverRolling: Float64Array;
  readonly autocorrelationRolling: Float64Array;
  readonly autocorrelationByLag: readonly { readonly lag: number; readonly mean: number }[];
  readonly coverage: Float64Array;
  readonly groups: readonly GroupIc[];
}

const AUTOCORRELATION_LAGS = [1, 2, 5, 10, 20];

export function factorDetail(
  evaluated: { readonly summary: FactorSummary; readonly series: FactorSeries },
  context: EvaluationContext,
  parts: {
    readonly days: Int32Array;
    readonly decay: readonly DecayLabel[];
    readonly groups?: GroupGrid | undefined;
  },
): FactorDetail {
  const { summary, series } = evaluated;
  const { settings, label, horizon } = context;
  const rolling = (values: Float64Array) => rollingMean(values, settings.rollingRows);
  const size = series.buckets.size;
  return {
    name: summary.name,
    summary,
    rankIc: series.rankIc.values,
    rankIcRolling: rolling(series.rankIc.values),
    rankIcHistogram: histogramOf(series.rankIc.values, {
      width: 0.05,
      limit: 0.6,
      mean: summary.rankIc.mean,
      std: summary.rankIc.std,
    }),
    cumulativeIc: cumulativeSum(series.ic.values),
    cumulativeRankIc: cumulativeSum(series.rankIc.values),
    monthly: monthlyMeans(parts.days, series.rankIc.values),
    decay: parts.decay.map((at) => decayPoint(series, at, context)),
    bucketMeans: bucketMeans(series.returns),
    bucketExcess: series.excessMeans,
    netValues: horizon > 1 ? null : netValuesOf(series, label),
    spreadRolling: rolling(series.spread.values),
    bucketTurnover: Array.from({ length: size }, (_, index) =>
      meanOf(bucketTurnover(series.buckets, index + 1)),
    ),
    topTurnoverRolling: rolling(series.topTurnover),
    bottomTurnoverRolling: rolling(series.bottomTurnover),
    autocorrelationRolling: rolling(series.autocorrelation),
    autocorrelationByLag: AUTOCORRELATION_LAGS.map((lag) => ({
      lag,
      mean: meanOf(rankAutocorrelation(series.factor, lag, series.ranks)),
    })),
    coverage: series.coverage,
    groups: parts.groups === undefined ? [] : groupIcs(series, context, parts.groups),
  };
}

function decayPoint(series: FactorSeries, at: DecayLabel, context: EvaluationContext): DecayPoint {
  requireSameShape(series.factor, at.grid);
  const { values } = informationCoefficient(series.factor, at.grid, {
    minInstruments: context.settings.minInstruments,
  });
  return {
    horizon: at.horizon,
    rankIc: seriesStatistics(values, { lag: neweyWestLag(values, at.horizon) }),
  };
}

function netValuesOf(series: FactorSeries, label: Grid): NonNullable<FactorDetail["netValues"]> {
  const held = {
    rows: series.buckets.rows,
    lanes: series.buckets.lanes,
    values: Float64Array.from(series.buckets.values, (bucket) => (bucket > 0 ? bucket : Number.NaN)),
  };
  const spread = netValue(series.spread.values);
  return {
    buckets: Array.from({ length: series.buckets.size }, (_, index) =>
      netValue(bucketSeries(series.returns, index + 1)),
    ),
    universe: netValue(dailyMeans(label, held)),
    spread,
    spreadDrawdown: maximumDrawdown(spread),
  };
}

function groupIcs(series: FactorSeries, context: EvaluationContext, groups: GroupGrid): GroupIc[] {
  const byGroup = informationCoefficientByGroup(series.factor, context.label, {
    groups,
    minInstruments: context.settings.minGroupInstruments,
  });
  return [...byGroup].map(([group, ic]) => ({
    group,
    rankIc: seriesStatistics(ic.values, { lag: neweyWestLag(ic.values, context.horizon) }),
    instruments: meanOf(
      Float64Array.from(ic.pairs, (count, row) => (Number.isNaN(ic.values[row]!) ? Number.NaN : count)),
    ),
  }));
}
