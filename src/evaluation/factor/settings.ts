/** The conventions of one evaluation; every report prints them. */
export interface EvaluationSettings {
  /** Buckets per day. */
  readonly quantiles: number;
  /** Fewest instruments with factor and label for a day to count. */
  readonly minInstruments: number;
  /** Fewest instruments of a group on a day. */
  readonly minGroupInstruments: number;
  /** Periods per year: 238 (Qlib's figure for A-shares), 252 (US), 365 (crypto). */
  readonly periodsPerYear: number;
  /** Rows of the rolling means that are drawn. */
  readonly rollingRows: number;
  /** Factors shown in detail. */
  readonly detailed: number;
  /** Factors in the correlation heatmap. */
  readonly correlated: number;
  /** A factor whose |rank correlation| with a better one is above this gets no detail of its own. */
  readonly redundancy: number;
  /** Each n-th day enters the factor correlations. */
  readonly correlationEveryRows: number;
}

export const defaultSettings: EvaluationSettings = {
  quantiles: 5,
  minInstruments: 30,
  minGroupInstruments: 5,
  periodsPerYear: 252,
  rollingRows: 20,
  detailed: 8,
  correlated: 20,
  redundancy: 0.7,
  correlationEveryRows: 5,
};
