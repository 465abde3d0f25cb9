import type { Recurrence } from "./recurrence.ts";

/**
 * Exponential smoothing that starts from a plain mean: with k values so far, y ← y + w·(x − y), w = 1/k up to the
 * `seed`-th value and `weight` after it. NaN before the `seed`-th value; from then on y has seen all. weight = 2/(N+1) and
 * seed = N is TA-Lib's EMA, weight = 1/N and seed = N is Wilder's smoothing (New Concepts in Technical Trading Systems,
 * 1978). A constant stays exactly what it is. NaN and ±inf carry the last result.
 * State: k up to the seed, y.
 */
export function seededSmoothing(how: { readonly seed: number; readonly weight: number }): Recurrence {
  const { seed, weight } = how;
  return {
    width: 2,
    reset: (state) => void state.fill(0),
    step(state, row) {
      const value = row[0]!;
      if (value - value === 0) {
        if (state[0]! < seed) {
          state[0]! += 1;
          state[1]! += (value - state[1]!) / state[0]!;
        } else {
          state[1]! += weight * (value - state[1]!);
        }
      }
      return state[0]! < seed ? Number.NaN : state[1]!;
    },
  };
}
