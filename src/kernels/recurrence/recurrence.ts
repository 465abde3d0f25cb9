/**
 * A computation that goes through a series once, oldest row first, and remembers a fixed number of float64 values. The
 * state is complete: stored after any row and restored later, the following rows come out with the same bits. So one
 * definition serves whole series, the next day's append and live bars. Rows without a value leave the state as it is
 * unless the recurrence says otherwise.
 */
export interface Recurrence {
  /** Number of float64 values in the state. */
  readonly width: number;
  /** Writes the state before an instrument's first row. */
  reset(state: Float64Array): void;
  /** Takes one row of inputs, moves the state on, and returns the row's result. Keeps neither array. */
  step(state: Float64Array, row: Float64Array): number;
}

/** Runs a recurrence over whole series (a number stands for a constant one) from the first row on. */
export function runRecurrence(
  recurrence: Recurrence,
  inputs: readonly (Float64Array | number)[],
  out: Float64Array,
): void {
  const state = new Float64Array(recurrence.width);
  recurrence.reset(state);
  const row = Float64Array.from(inputs, (input) => (typeof input === "number" ? input : 0));
  const series = inputs.flatMap((values, index) => (typeof values === "number" ? [] : [{ index, values }]));
  for (let t = 0; t < out.length; t++) {
    for (const { index, values } of series) row[index] = values[t]!;
    out[t] = recurrence.step(state, row);
  }
}
