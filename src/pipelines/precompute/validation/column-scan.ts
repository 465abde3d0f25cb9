import type { StoredValues } from "#data/store/panel-store";

/**
 * One pass over a factor's values in a block. Almost every cell lies between the bounds and costs two comparisons; what
 * does not is handed on.
 */
export interface ColumnWatch {
  /** See `InputStreaks`; aligned with the block, whose rows from `offset` on the values are. */
  readonly streaks: Int32Array;
  /** Cells of the block before the first value. */
  readonly offset: number;
  /** Missing cells with a longer streak are gaps. */
  readonly need: number;
  readonly low: number;
  readonly high: number;
  gap(cell: number): void;
  odd(cell: number, value: number): void;
}

export interface ColumnFacts {
  values: number;
  least: number;
  greatest: number;
}

export function scanColumn(values: StoredValues, watch: ColumnWatch, facts: ColumnFacts): void {
  const { streaks, offset, need, low, high } = watch;
  let { least, greatest } = facts;
  let count = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (value >= low && value <= high) {
      count++;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    } else if (Number.isNaN(value)) {
      if (streaks[offset + at]! > need) watch.gap(offset + at);
    } else {
      count++;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
      watch.odd(offset + at, value);
    }
  }
  facts.values += count;
  facts.least = least;
  facts.greatest = greatest;
}

/** Cells in which `lower` exceeds `upper` by more than rounding. */
export function scanOrder(
  lower: StoredValues,
  upper: StoredValues,
  watch: {
    readonly offset: number;
    readonly relative: number;
    readonly absolute: number;
    odd(cell: number): void;
  },
): void {
  const { offset, relative, absolute } = watch;
  for (let at = 0; at < lower.length; at++) {
    const above = upper[at]!;
    if (lower[at]! - above > absolute + relative * Math.abs(above)) watch.odd(offset + at);
  }
}
