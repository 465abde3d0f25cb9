/**
 * Mean, spread and size of one day's finite values, and the values measured by them. NaN and ±inf are left out and
 * become NaN. Sums run from left to right, so the caller's order of the values is the order of summation.
 */
interface Moments {
  readonly count: number;
  /** The mean is `near` + `rest`; taken off one after the other they leave a difference rounded once. */
  readonly near: number;
  readonly rest: number;
  /** Σ(x−x̄)² / (n−1); 0 exactly when all are equal, NaN under 2 values. */
  readonly variance: number;
}

/**
 * In two passes, the rounding of the first mean corrected by the second (Chan, Golub, LeVeque 1983). Of equal values every
 * step of the second is exact.
 */
function momentsOf(x: Float64Array): Moments {
  let count = 0;
  let total = 0;
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (value - value !== 0) continue;
    total += value;
    count++;
  }
  const near = total / count;
  let squares = 0;
  let rest = 0;
  for (let i = 0; i < x.length; i++) {
    const deviation = x[i]! - near;
    if (deviation - deviation !== 0) continue;
    squares += deviation * deviation;
    rest += deviation;
  }
  return { count, near, rest: rest / count, variance: (squares - (rest * rest) / count) / (count - 1) };
}

/** x − x̄. Equal values give 0 exactly. */
export function demean(x: Float64Array, out: Float64Array): void {
  const { near, rest } = momentsOf(x);
  for (let i = 0; i < x.length; i++) out[i] = finite(x[i]!) - near - rest;
}

/** (x − x̄) / s with s² = Σ(x−x̄)²/(n−1). NaN for all when s is 0 or n is 1: there is nothing to measure by. */
export function standardise(x: Float64Array, out: Float64Array): void {
  const { near, rest, variance } = momentsOf(x);
  const deviation = variance > 0 ? Math.sqrt(variance) : Number.NaN;
  for (let i = 0; i < x.length; i++) out[i] = (finite(x[i]!) - near - rest) / deviation;
}

/** x / Σ|x|, so that the absolute values sum to 1. NaN for all when they sum to 0. */
export function scaleToUnit(x: Float64Array, out: Float64Array): void {
  let size = 0;
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (value - value === 0) size += Math.abs(value);
  }
  for (let i = 0; i < x.length; i++) out[i] = finite(x[i]!) / size;
}

export function meanOf(x: Float64Array): number {
  const { near, rest } = momentsOf(x);
  return near + rest;
}

/** s with s² = Σ(x−x̄)²/(n−1): 0 when all are equal, NaN under 2 values. */
export function deviationOf(x: Float64Array): number {
  return Math.sqrt(Math.max(0, momentsOf(x).variance));
}

/** NaN when there is no value. */
export function sumOf(x: Float64Array): number {
  let count = 0;
  let total = 0;
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (value - value !== 0) continue;
    total += value;
    count++;
  }
  return count === 0 ? Number.NaN : total;
}

/** 0 when there is no value. */
export function countOf(x: Float64Array): number {
  let count = 0;
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (value - value === 0) count++;
  }
  return count;
}

/** The value, NaN for ±inf. */
function finite(value: number): number {
  return value - value === 0 ? value : Number.NaN;
}
