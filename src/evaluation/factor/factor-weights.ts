/**
 * The factor as a portfolio: weights in proportion to it, absolute weights of a day summing to 1.
 * alphalens' `factor_weights`. Demeaned is dollar-neutral; equal-weighted takes the sign only (against the median when
 * demeaned, each side then sharing half); by groups every group is weighted by itself and gets the same share.
 */
import type { Grid } from "./grid.ts";
import type { GroupGrid } from "./groups.ts";

export interface WeightOptions {
  /** Default true. */
  readonly demeaned?: boolean;
  /** Default false. */
  readonly equalWeight?: boolean;
  readonly groups?: GroupGrid;
}

/** Weights per cell; NaN where the factor is missing, and on a day (or group) whose weights would all be 0. */
export function factorWeights(factor: Grid, options: WeightOptions = {}): Grid {
  const { demeaned = true, equalWeight = false, groups } = options;
  const { rows, lanes } = factor;
  const values = new Float64Array(rows * lanes).fill(Number.NaN);
  const members = new Uint32Array(lanes);
  for (let row = 0; row < rows; row++) {
    const offset = row * lanes;
    for (let group = 0; group < (groups?.names.length ?? 1); group++) {
      let count = 0;
      for (let lane = 0; lane < lanes; lane++) {
        if (groups !== undefined && groups.index[offset + lane] !== group) continue;
        if (Number.isFinite(factor.values[offset + lane]!)) members[count++] = offset + lane;
      }
      const cells = members.subarray(0, count);
      for (const cell of cells) values[cell] = factor.values[cell]!;
      if (equalWeight) signWeights(values, cells, demeaned);
      else if (demeaned) shift(values, cells, mean(values, cells));
      scaleToOne(values, cells);
    }
    if (groups !== undefined) {
      let count = 0;
      for (let cell = offset; cell < offset + lanes; cell++) {
        if (!Number.isNaN(values[cell]!)) members[count++] = cell;
      }
      scaleToOne(values, members.subarray(0, count));
    }
  }
  return { rows, lanes, values };
}

/** Σ weight × label of each day over the cells that have both; NaN on a day without any. */
export function weightedReturns(weights: Grid, label: Grid): Float64Array {
  const { rows, lanes } = weights;
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    let count = 0;
    for (let cell = row * lanes; cell < (row + 1) * lanes; cell++) {
      const earned = weights.values[cell]! * label.values[cell]!;
      if (Number.isNaN(earned)) continue;
      sum += earned;
      count++;
    }
    return count === 0 ? Number.NaN : sum;
  });
}

function signWeights(values: Float64Array, cells: Uint32Array, demeaned: boolean): void {
  if (demeaned) shift(values, cells, median(values, cells));
  let negative = 0;
  let positive = 0;
  for (const cell of cells) {
    const sign = Math.sign(values[cell]!);
    values[cell] = sign;
    if (sign < 0) negative++;
    else if (sign > 0) positive++;
  }
  if (!demeaned) return;
  for (const cell of cells) values[cell]! /= values[cell]! < 0 ? negative : Math.max(positive, 1);
}

function scaleToOne(values: Float64Array, cells: Uint32Array): void {
  let total = 0;
  for (const cell of cells) total += Math.abs(values[cell]!);
  for (const cell of cells) values[cell]! /= total;
}

function shift(values: Float64Array, cells: Uint32Array, by: number): void {
  for (const cell of cells) values[cell]! -= by;
}

function mean(values: Float64Array, cells: Uint32Array): number {
  let sum = 0;
  for (const cell of cells) sum += values[cell]!;
  return sum / cells.length;
}

function median(values: Float64Array, cells: Uint32Array): number {
  const sorted = Float64Array.from(cells, (cell) => values[cell]!).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
