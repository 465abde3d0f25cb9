import type { Recurrence } from "./recurrence.ts";

/**
 * Exponentially weighted mean with weights (1−α)^age, divided by their sum over the rows there are (pandas'
 * ewm(adjust=True, ignore_na=False)): a missing row ages the weights of the others. NaN and ±inf carry the last result;
 * NaN before the first value. The recurrence is pandas': mean ← (w·mean + x)/(w + 1), w ← w + 1, w ← w·(1−α) per row.
 * State: mean, w.
 */
export function exponentialMean(alpha: number): Recurrence {
  return {
    width: 2,
    reset(state) {
      state[0] = Number.NaN;
      state[1] = 1;
    },
    step(state, row) {
      const value = row[0]!;
      const valid = value - value === 0;
      let mean = state[0]!;
      if (Number.isNaN(mean)) {
        if (valid) state[0] = mean = value;
        return mean;
      }
      let weight = state[1]! * (1 - alpha);
      if (valid) {
        if (mean !== value) state[0] = mean = (weight * mean + value) / (weight + 1);
        weight += 1;
      }
      state[1] = weight;
      return mean;
    },
  };
}
