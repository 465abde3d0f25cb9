/**
 * Trading hours of one session, in minutes of the exchange-local day, and the bars they divide into.
 * A bar is stamped at its end; the last bar of each stretch of trading ends with it, however short.
 */
export interface SessionHours {
  readonly open: number;
  readonly close: number;
  /** Interruptions, in order, each `[from, to)`. */
  readonly breaks: readonly (readonly [from: number, to: number])[];
  /** The close is before the regular close of that era. */
  readonly earlyClose: boolean;
}

export type BarMinutes = 1 | 5 | 15 | 30 | 60;

/** Stretches of continuous trading: the hours without the breaks. */
export function stretchesOf(hours: SessionHours): (readonly [from: number, to: number])[] {
  const stretches: [number, number][] = [];
  let from = hours.open;
  for (const [start, end] of hours.breaks) {
    stretches.push([from, start]);
    from = end;
  }
  stretches.push([from, hours.close]);
  return stretches;
}

/** Minute of the day at which each bar ends: 240 one-minute slots, 571…690 and 781…900, for A-shares. */
export function slotsOf(hours: SessionHours, barMinutes: BarMinutes): Int16Array {
  const ends: number[] = [];
  for (const [from, to] of stretchesOf(hours)) {
    for (let end = from + barMinutes; end < to; end += barMinutes) ends.push(end);
    ends.push(to);
  }
  return Int16Array.from(ends);
}

/**
 * Slot of a minute stamp, or −1 when no trading happens then. An end stamp `m` covers `(m − bar, m]`, a start
 * stamp `[m, m + bar)`. `auctionLead` minutes before the open belong to the first slot: the opening auction.
 */
export function slotOfMinute(
  slots: Int16Array,
  minute: number,
  options: {
    readonly hours: SessionHours;
    readonly stamp: "start" | "end";
    readonly auctionLead: number;
  },
): number {
  const { hours, stamp, auctionLead } = options;
  if (minute < hours.open - auctionLead) return -1;
  // Time is compared at half minutes, so that either stamp falls strictly inside the bar that it marks.
  const moment = stamp === "end" ? minute - 0.5 : minute + 0.5;
  if (moment < hours.open) return minute <= hours.open ? 0 : -1;
  if (!stretchesOf(hours).some(([from, to]) => moment > from && moment < to)) return -1;
  let low = 0;
  let high = slots.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (slots[middle]! < moment) low = middle + 1;
    else high = middle;
  }
  return low < slots.length ? low : -1;
}

/** `09:30` as a minute of the day; NaN for other text. `24:00` is the end of the day. */
export function minuteOf(text: string): number {
  const match = /^(\d{2}):(\d{2})$/.exec(text);
  if (match === null) return Number.NaN;
  const minute = Number(match[1]) * 60 + Number(match[2]);
  return Number(match[2]) < 60 && minute <= 1440 ? minute : Number.NaN;
}

/** `HH:MM` of a minute of the day. */
export function clockOf(minute: number): string {
  return `${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
