/**
 * Calendar dates as whole days since 1970-01-01 (proleptic Gregorian, exchange-local, no time zone).
 * Everything that stores or compares dates uses this number; text appears only at the boundaries.
 */
export type Day = number;

const MS_PER_DAY = 86_400_000;
const ISO = /^(\d{4})-(\d{2})-(\d{2})$/;
const COMPACT = /^(\d{4})(\d{2})(\d{2})$/;

/** The day of `year`-`month`-`day` (month 1–12), or NaN when that date does not exist. */
export function dayOfYmd(year: number, month: number, day: number): Day {
  const ms = Date.UTC(year, month - 1, day);
  const date = new Date(ms);
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) {
    return Number.NaN;
  }
  return ms / MS_PER_DAY;
}

/** Reads `YYYY-MM-DD` or `YYYYMMDD`; NaN for anything else, impossible dates included. */
export function parseDay(text: string): Day {
  const match = ISO.exec(text) ?? COMPACT.exec(text);
  return match === null ? Number.NaN : dayOfYmd(Number(match[1]), Number(match[2]), Number(match[3]));
}

/** As {@link parseDay}, for literals in code. Throws `RangeError` on a date that does not exist. */
export function dayOf(text: string): Day {
  const day = parseDay(text);
  if (Number.isNaN(day)) throw new RangeError(`"${text}" is not a date of the form YYYY-MM-DD`);
  return day;
}

/** `YYYY-MM-DD` of a day. */
export function isoOf(day: Day): string {
  return new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
}

/** 0 = Sunday … 6 = Saturday. */
export function weekdayOf(day: Day): number {
  return (((day + 4) % 7) + 7) % 7;
}
