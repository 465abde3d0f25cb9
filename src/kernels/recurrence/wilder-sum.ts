import type { Recurrence } from "./recurrence.ts";

/**
 * Wilder's running sum as TA-Lib has it for directional movement: the plain sum of the first N−1 values, then
 * s ← s − s/N + x. NaN before the (N−1)-th value. NaN and ±inf carry the last result. N ≥ 2.
 * State: number of values up to N−1, s.
 */
export function wilderSum(period: number): Recurrence {
  const seed = period - 1;
  return {
    width: 2,
    reset: (state) => void state.fill(0),
    step(state, row) {
      const value = row[0]!;
      if (value - value === 0) {
        if (state[0]! < seed) {
          state[0]! += 1;
          state[1]! += value;
        } else {
          state[1] = state[1]! - state[1]! / period + value;
        }
      }
      return state[0]! < seed ? Number.NaN : state[1]!;
    },
  };
}
