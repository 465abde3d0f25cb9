import type { Recurrence } from "./recurrence.ts";

/**
 * Smoothing whose weight may change every row (通达信 DMA): y ← y + a·(x − y), from the first value on. While `a` has not yet
 * had a value, y follows x and the result is NaN, so the first weighted row starts from the value before it (Kaufman's
 * adaptive mean, Smarter Trading, 1995). Afterwards a row without x or a carries the last result.
 * Row: x, a. State: y (NaN before the first value), 1 once a has had a value.
 */
export const dynamicMean: Recurrence = {
  width: 2,
  reset(state) {
    state[0] = Number.NaN;
    state[1] = 0;
  },
  step(state, row) {
    const value = row[0]!;
    const weight = row[1]!;
    const weighted = weight - weight === 0;
    if (value - value === 0) {
      if (Number.isNaN(state[0]!) || (state[1] === 0 && !weighted)) state[0] = value;
      else if (weighted) state[0]! += weight * (value - state[0]!);
      if (weighted) state[1] = 1;
    }
    return state[1] === 1 ? state[0]! : Number.NaN;
  },
};
