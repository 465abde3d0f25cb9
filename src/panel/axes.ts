import type { Day } from "#market/day";

/** Bar frequency. Intraday bars are stamped at their end. */
export type Frequency = "day" | "1min" | "5min" | "15min" | "30min" | "60min";

/** Rows of a panel: strictly increasing sessions, or slots of sessions. Shapes: `days[rows]`, `minutes[rows]`. */
export interface TimeAxis {
  readonly freq: Frequency;
  /** Exchange-local session date of each row. */
  readonly days: Int32Array;
  /** Minute of the day at which the bar ends; absent for daily bars. */
  readonly minutes?: Int16Array;
}

/** First row whose session is ≥ `day`; `days.length` when none is. */
export function lowerRow(time: TimeAxis, day: Day): number {
  let low = 0;
  let high = time.days.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (time.days[middle]! < day) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First row whose session is > `day`. */
export function upperRow(time: TimeAxis, day: Day): number {
  return lowerRow(time, day + 1);
}
