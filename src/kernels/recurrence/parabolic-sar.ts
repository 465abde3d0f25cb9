import type { Recurrence } from "./recurrence.ts";

/**
 * Parabolic stop and reverse (Wilder, New Concepts in Technical Trading Systems, 1978, ch. 2) with TA-Lib's start: the
 * second bar decides the side, short when it fell by more than it rose, and the stop starts from the first bar's low or
 * high. On the long side, and mirrored on the short one:
 *   a low at or below the stop reverses: today's stop is the extreme price, but no lower than the last two highs;
 *   otherwise today's stop stands, and a new high raises the extreme price and the acceleration, up to its limit;
 *   tomorrow's stop = stop + acceleration · (extreme − stop), never beyond the last two lows.
 * NaN until the second bar; a bar without high or low carries the last result.
 * Row: high, low. State: bars so far (up to 2), side (1 long, −1 short), tomorrow's stop, extreme price, acceleration,
 * last high, last low, last result.
 */
export function parabolicSar(how: { readonly step: number; readonly limit: number }): Recurrence {
  const { limit } = how;
  const step = Math.min(how.step, limit);
  return {
    width: 8,
    reset(state) {
      state.fill(0);
      state[7] = Number.NaN;
    },
    step(state, row) {
      const high = row[0]!;
      const low = row[1]!;
      if (high - high !== 0 || low - low !== 0) return state[7]!;
      const bars = state[0]!;
      // The start takes the second bar for both of the last two.
      const lastHigh = bars === 1 ? high : state[5]!;
      const lastLow = bars === 1 ? low : state[6]!;
      if (bars === 1) start(state, { high, low, step });
      state[0] = Math.min(bars + 1, 2);
      state[5] = high;
      state[6] = low;
      if (bars === 0) return Number.NaN;
      let side = state[1]!;
      let result = state[2]!;
      let extreme = state[3]!;
      let acceleration = state[4]!;
      if (side === 1 ? low <= result : high >= result) {
        side = -side;
        result = behind(side, extreme, { high, low, lastHigh, lastLow });
        extreme = side === 1 ? high : low;
        acceleration = step;
      } else if (side === 1 ? high > extreme : low < extreme) {
        extreme = side === 1 ? high : low;
        acceleration = Math.min(acceleration + step, limit);
      }
      const next = result + acceleration * (extreme - result);
      state[1] = side;
      state[2] = behind(side, next, { high, low, lastHigh, lastLow });
      state[3] = extreme;
      state[4] = acceleration;
      state[7] = result;
      return result;
    },
  };
}

/** Side, stop, extreme price and acceleration at the second bar; the first bar's high and low are in the state. */
function start(
  state: Float64Array,
  second: { readonly high: number; readonly low: number; readonly step: number },
): void {
  const fall = state[6]! - second.low;
  const short = fall > 0 && fall > second.high - state[5]!;
  state[1] = short ? -1 : 1;
  state[2] = short ? state[5]! : state[6]!;
  state[3] = short ? second.low : second.high;
  state[4] = second.step;
}

interface TwoBars {
  readonly high: number;
  readonly low: number;
  readonly lastHigh: number;
  readonly lastLow: number;
}

/** The stop, moved out of the range of the last two bars: below their lows when long, above their highs when short. */
function behind(side: number, stop: number, bars: TwoBars): number {
  return side === 1 ? Math.min(stop, bars.lastLow, bars.low) : Math.max(stop, bars.lastHigh, bars.high);
}
