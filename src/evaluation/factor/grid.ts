/**
 * The evaluation's view of one panel column: day × instrument, time-major, plus the order of each day's values.
 * Every rank statistic is a walk along that order, so a factor is sorted once per day, however many labels,
 * groups or quantiles are asked of it. A value that is NaN or infinite is missing.
 */
import { columnOf } from "#panel/panel";
import type { Panel } from "#panel/panel";
import { KeyedSorter } from "./merge-sort.ts";

/** `values[row * lanes + lane]`; one row per day, one lane per instrument. */
export interface Grid {
  readonly rows: number;
  readonly lanes: number;
  readonly values: Float32Array | Float64Array;
}

/** A grid whose days are sorted: `order[row * lanes + k]` is the lane of the k-th smallest of `counts[row]` values. */
export interface OrderedGrid extends Grid {
  readonly order: Uint32Array;
  readonly counts: Int32Array;
}

/** Throws `RangeError` when the column is not there. */
export function gridOf(panel: Panel, column: string): Grid {
  return {
    rows: panel.time.days.length,
    lanes: panel.instruments.length,
    values: columnOf(panel, column).values,
  };
}

/** Throws `RangeError` unless both have the same days and instruments. */
export function requireSameShape(a: Grid, b: Grid): void {
  if (a.rows !== b.rows || a.lanes !== b.lanes) {
    throw new RangeError(
      `grids of ${a.rows} × ${a.lanes} and ${b.rows} × ${b.lanes} cannot be compared; align the panels first`,
    );
  }
}

/** The grid with each day's present values in ascending order (ties by lane); an ordered grid is returned as it is. */
export function ordered(grid: Grid): OrderedGrid {
  if ("order" in grid) return grid as OrderedGrid;
  const { rows, lanes, values } = grid;
  const order = new Uint32Array(rows * lanes);
  const counts = new Int32Array(rows);
  const sorter = new KeyedSorter(lanes);
  for (let row = 0; row < rows; row++) counts[row] = sorter.sort(values, row * lanes, lanes, order);
  return { rows, lanes, values, order, counts };
}

/** A copy of `grid` that keeps only cells for which `keep` holds. */
export function masked(grid: Grid, keep: (cell: number) => boolean): Grid {
  const values = grid.values.slice();
  for (let cell = 0; cell < values.length; cell++) if (!keep(cell)) values[cell] = Number.NaN;
  return { rows: grid.rows, lanes: grid.lanes, values };
}

/**
 * alphalens' sample: a cell counts only when the factor and every label are there (its `dropna`).
 * Returns copies; without this call each function uses the pairs that are complete for itself.
 */
export function commonSample(
  factor: Grid,
  labels: readonly Grid[],
): { readonly factor: Grid; readonly labels: readonly Grid[] } {
  for (const label of labels) requireSameShape(factor, label);
  const complete = (cell: number) =>
    Number.isFinite(factor.values[cell]!) && labels.every((label) => Number.isFinite(label.values[cell]!));
  return {
    factor: masked(factor, complete),
    labels: labels.map((label) => masked(label, complete)),
  };
}
