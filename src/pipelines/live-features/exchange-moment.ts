import type { Calendar } from "#market/calendar/calendar";
import { dayOfYmd, isoOf, type Day } from "#market/day";
import { MarketError } from "#market/errors";
import type { InstrumentId } from "#market/instrument";
import { phasesOn } from "#market/session";
import { LiveError } from "./errors.ts";

/** What a clock shows on the wall of an exchange. */
export interface ExchangeMoment {
  readonly day: Day;
  /** Seconds of that day. */
  readonly second: number;
}

/** `now` in milliseconds since 1970. Throws LIVE_MOMENT_UNKNOWN where the calendar does not reach. */
export function exchangeMoment({ name, timeZone, first, last }: Calendar, now: number): ExchangeMoment {
  if (!Number.isFinite(now)) {
    throw new LiveError("LIVE_MOMENT_UNKNOWN", `${now} is no moment`, {
      remedy: "give milliseconds since 1970",
    });
  }
  const parts = new Map(
    clockOf(timeZone)
      .formatToParts(now)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? Number.NaN;
  const day = dayOfYmd(of("year"), of("month"), of("day"));
  if (!(day >= first && day <= last)) {
    const found = `${new Date(now).toISOString()} lies outside the calendar ${name}, ${isoOf(first)} to ${isoOf(last)}`;
    throw new LiveError("LIVE_MOMENT_UNKNOWN", found, { remedy: "give a moment within it" });
  }
  return { day, second: of("hour") * 3600 + of("minute") * 60 + of("second") };
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timeZone: string): Intl.DateTimeFormat {
  let clock = clocks.get(timeZone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    clocks.set(timeZone, clock);
  }
  return clock;
}

/**
 * Second of a session from which on the daily bars of these instruments do not change any more: the end of the last phase
 * that any of them has, so that trading at the close is in the bar. The regular close where no phases are known.
 */
export function finalSecond(calendar: Calendar, day: Day, instruments: readonly string[]): number {
  let minute = calendar.sessionHours(day).close;
  for (const instrument of instruments) minute = Math.max(minute, lastPhaseEnd(instrument, day));
  return minute * 60;
}

function lastPhaseEnd(instrument: string, day: Day): number {
  try {
    return Math.max(0, ...phasesOn(instrument as InstrumentId, day).map(({ to }) => to));
  } catch (error) {
    // Ids of no known venue, and shares before their board opened.
    if (error instanceof MarketError) return 0;
    throw error;
  }
}
