/**
 * Information coefficient: the correlation, over the instruments of one day, of the factor with what came after.
 * Pearson for IC, Spearman (average ranks) for rank IC. Grinold & Kahn, Active Portfolio Management, ch. 6;
 * the per-day estimator is that of alphalens (`factor_information_coefficient`) and Qlib (`calc_ic`).
 * Pairs with a missing side are dropped. A day with fewer pairs than `minInstruments` has NaN and is counted as thin;
 * a day on which either side is constant has NaN and is counted as flat.
 */
import { ordered, requireSameShape } from "./grid.ts";
import type { Grid } from "./grid.ts";
import type { GroupGrid } from "./groups.ts";
import { pearson } from "./pearson.ts";
import { rankDayWithin } from "./ranks.ts";

export interface IcOptions {
  /** Default `spearman`. */
  readonly method?: "pearson" | "spearman";
  /** Fewest pairs for a day to count, ≥ 2. Default 10. */
  readonly minInstruments?: number;
}

export interface IcSeries {
  /** One correlation per row, or NaN. */
  readonly values: Float64Array;
  /** Complete pairs per row. */
  readonly pairs: Int32Array;
  /** Rows with some pairs, but fewer than the minimum. */
  readonly thinDays: number;
  /** Rows with enough pairs on which factor or label is constant. */
  readonly flatDays: number;
}

export const DEFAULT_MIN_INSTRUMENTS = 10;

/** Throws `RangeError` on grids of different shape or a minimum below 2. */
export function informationCoefficient(factor: Grid, label: Grid, options: IcOptions = {}): IcSeries {
  requireSameShape(factor, label);
  const { method = "spearman", minInstruments = DEFAULT_MIN_INSTRUMENTS } = options;
  if (!(minInstruments >= 2)) throw new RangeError(`minInstruments is ${minInstruments}; at least 2`);
  const { rows } = factor;
  const values = new Float64Array(rows).fill(Number.NaN);
  const pairs = new Int32Array(rows);
  const correlate = method === "pearson" ? pearsonDays(factor, label) : spearmanDays(factor, label);
  let thinDays = 0;
  let flatDays = 0;
  for (let row = 0; row < rows; row++) {
    const { count, correlation } = correlate(row);
    pairs[row] = count;
    if (count < minInstruments) thinDays += count > 0 ? 1 : 0;
    else if (Number.isNaN(correlation)) flatDays++;
    else values[row] = correlation;
  }
  return { values, pairs, thinDays, flatDays };
}

/** One IC series per group; a pair belongs to the group its instrument is in on the day of the factor. */
export function informationCoefficientByGroup(
  factor: Grid,
  label: Grid,
  options: IcOptions & { readonly groups: GroupGrid },
): ReadonlyMap<string, IcSeries> {
  const { groups, minInstruments = DEFAULT_MIN_INSTRUMENTS } = options;
  const { rows, lanes } = factor;
  const factorOrder = ordered(factor);
  const size = groups.names.length;
  const largest = new Int32Array(size);
  const present = new Int32Array(size);
  for (let row = 0; row < rows; row++) {
    present.fill(0);
    for (let cell = row * lanes; cell < (row + 1) * lanes; cell++) {
      if (Number.isFinite(factor.values[cell]!) && Number.isFinite(label.values[cell]!)) {
        present[groups.index[cell]!]!++;
      }
    }
    for (let group = 0; group < size; group++) {
      if (present[group]! > largest[group]!) largest[group] = present[group]!;
    }
  }
  const result = new Map<string, IcSeries>();
  for (let group = 0; group < size; group++) {
    if (largest[group]! < minInstruments) continue;
    const values = label.values.slice();
    for (let cell = 0; cell < values.length; cell++) {
      if (groups.index[cell] !== group) values[cell] = Number.NaN;
    }
    result.set(groups.names[group]!, informationCoefficient(factorOrder, { rows, lanes, values }, options));
  }
  return result;
}

interface DayCorrelation {
  readonly count: number;
  readonly correlation: number;
}

function pearsonDays(factor: Grid, label: Grid): (row: number) => DayCorrelation {
  const { lanes } = factor;
  const x = new Float64Array(lanes);
  const y = new Float64Array(lanes);
  return (row) => {
    let count = 0;
    for (let cell = row * lanes; cell < (row + 1) * lanes; cell++) {
      const a = factor.values[cell]!;
      const b = label.values[cell]!;
      if (!Number.isFinite(a) || !Number.isFinite(b)) continue;
      x[count] = a;
      y[count++] = b;
    }
    return { count, correlation: pearson(x, y, count) };
  };
}

function spearmanDays(factor: Grid, label: Grid): (row: number) => DayCorrelation {
  const { lanes } = factor;
  const factorOrder = ordered(factor);
  const labelOrder = ordered(label);
  const x = new Float64Array(lanes);
  const y = new Float64Array(lanes);
  return (row) => {
    const count = rankDayWithin(factorOrder, label, row, x);
    if (count < 2) return { count, correlation: Number.NaN };
    rankDayWithin(labelOrder, factor, row, y);
    const mean = (count + 1) / 2;
    let xx = 0;
    let yy = 0;
    let xy = 0;
    const offset = row * lanes;
    const size = factorOrder.counts[row]!;
    for (let k = 0; k < size; k++) {
      const lane = factorOrder.order[offset + k]!;
      if (!Number.isFinite(label.values[offset + lane]!)) continue;
      const a = x[lane]! - mean;
      const b = y[lane]! - mean;
      xx += a * a;
      yy += b * b;
      xy += a * b;
    }
    return { count, correlation: xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : Number.NaN };
  };
}
