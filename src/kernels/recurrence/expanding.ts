import type { Recurrence } from "./recurrence.ts";

/**
 * Everything so far, from the first row on, in a few numbers: what rolling kernels give for an infinite window. NaN and
 * ±inf are left out (`expandingCount` counts ±inf); NaN until there is a value.
 */

/** State: total, count. */
export const expandingSum: Recurrence = {
  width: 2,
  reset: (state) => void state.fill(0),
  step(state, row) {
    const value = row[0]!;
    if (value - value === 0) {
      state[0]! += value;
      state[1]! += 1;
    }
    return state[1]! > 0 ? state[0]! : Number.NaN;
  },
};

/** Equal values have exactly that value as their mean. State: total, count, first value, 1 while all are equal to it. */
export const expandingMean: Recurrence = {
  width: 4,
  reset(state) {
    state.fill(0);
    state[3] = 1;
  },
  step(state, row) {
    const value = row[0]!;
    if (value - value === 0) {
      if (state[1] === 0) state[2] = value;
      else if (value !== state[2]) state[3] = 0;
      state[0]! += value;
      state[1]! += 1;
    }
    if (state[1] === 0) return Number.NaN;
    return state[3] === 1 ? state[2]! : state[0]! / state[1]!;
  },
};

/** State: count. */
export const expandingCount: Recurrence = {
  width: 1,
  reset: (state) => void state.fill(0),
  step(state, row) {
    if (!Number.isNaN(row[0]!)) state[0]! += 1;
    return state[0]!;
  },
};

export const expandingMaximum = expandingExtreme(1);
export const expandingMinimum = expandingExtreme(-1);

/** State: the extreme times its sign. */
function expandingExtreme(sign: 1 | -1): Recurrence {
  return {
    width: 1,
    reset: (state) => void state.fill(Number.NEGATIVE_INFINITY),
    step(state, row) {
      const value = row[0]! * sign;
      if (value > state[0]! && value - value === 0) state[0] = value;
      return state[0] === Number.NEGATIVE_INFINITY ? Number.NaN : state[0]! * sign;
    },
  };
}

/** The value of the first row, be it missing. State: that value, 1 once it is known. */
export const firstValue: Recurrence = {
  width: 2,
  reset: (state) => void state.fill(0),
  step(state, row) {
    if (state[1] === 0) {
      state[0] = row[0]!;
      state[1] = 1;
    }
    return state[0]!;
  },
};
