import { dayOf, weekdayOf, type Day } from "../day.ts";
import { MarketError } from "../errors.ts";
import type { CalendarName } from "../venue.ts";
import { calendarOf, type Calendar } from "./calendar.ts";
import compact from "./calendars.json" with { type: "json" };
import { minuteOf, type SessionHours } from "./hours.ts";

/**
 * The exchanges' calendars, expanded from the compact record beside this file (origin and checks: README.md there):
 * weekdays less holidays, regular hours by era, and sessions with hours of their own.
 *
 * XSHG serves Shanghai, Shenzhen (equality verified for 2018–2026 only) and Beijing (from 2021-11-15).
 */
interface CompactCalendar {
  readonly tz: string;
  readonly first: string;
  readonly last: string;
  readonly confirmedThrough: string;
  readonly regular: readonly {
    readonly from: string;
    readonly open: string;
    readonly close: string;
    readonly breakStart: string;
    readonly breakEnd: string;
  }[];
  readonly weekdayHolidays: readonly string[];
  /** Date → open, close, break start, break end; empty text for no break. */
  readonly special: Readonly<Record<string, readonly string[]>>;
}

/** Minutes before the open in which the auction's trades are stamped: 09:15 in Shanghai, 09:00 in Hong Kong. */
const auctionLead: Readonly<Record<CalendarName, number>> = { XSHG: 15, XHKG: 30, XNYS: 0, "24x7": 0 };

const built = new Map<string, Calendar>();

/** The calendar of that name, built once. Throws MARKET_CALENDAR_UNKNOWN. */
export function calendarNamed(name: string): Calendar {
  let calendar = built.get(name);
  if (calendar === undefined) {
    calendar = build(name);
    built.set(name, calendar);
  }
  return calendar;
}

function build(name: string): Calendar {
  switch (name) {
    case "XSHG":
    case "XHKG":
    case "XNYS":
      return expand(name, compact[name]);
    case "24x7":
      return everyDay();
    default:
      throw new MarketError("MARKET_CALENDAR_UNKNOWN", `"${name}" is no calendar`, {
        remedy: "Use XSHG (also for Shenzhen and Beijing), XHKG, XNYS or 24x7, or build one with calendarOf.",
      });
  }
}

function expand(name: CalendarName, source: CompactCalendar): Calendar {
  const first = dayOf(source.first);
  const last = dayOf(source.last);
  const holidays = new Set(source.weekdayHolidays.map(dayOf));
  const days: number[] = [];
  for (let day = first; day <= last; day++) {
    const weekday = weekdayOf(day);
    if (weekday !== 0 && weekday !== 6 && !holidays.has(day)) days.push(day);
  }
  const eras = source.regular.map((era) => ({
    from: dayOf(era.from),
    hours: hoursOf([era.open, era.close, era.breakStart, era.breakEnd]),
  }));
  const regular = (day: Day): SessionHours => eras.findLast((era) => era.from <= day)!.hours;
  const special = new Map(
    Object.entries(source.special).map(([iso, times]) => {
      const day = dayOf(iso);
      const hours = hoursOf(times);
      return [day, { ...hours, earlyClose: hours.close < regular(day).close }];
    }),
  );
  return calendarOf({
    name,
    timeZone: source.tz,
    sessions: Int32Array.from(days),
    first,
    last,
    confirmedThrough: dayOf(source.confirmedThrough),
    hours: (day) => special.get(day) ?? regular(day),
    auctionLead: auctionLead[name],
  });
}

function hoursOf([open = "", close = "", breakStart = "", breakEnd = ""]: readonly string[]): SessionHours {
  return {
    open: minuteOf(open),
    close: minuteOf(close),
    breaks: breakStart === "" ? [] : [[minuteOf(breakStart), minuteOf(breakEnd)]],
    earlyClose: false,
  };
}

/** Crypto: every day from the first Bitcoin block to the end of XHKG's projection, in UTC, without any rest. */
function everyDay(): Calendar {
  const first = dayOf("2009-01-03");
  const last = dayOf("2049-12-31");
  const hours: SessionHours = { open: 0, close: 1440, breaks: [], earlyClose: false };
  return calendarOf({
    name: "24x7",
    timeZone: "UTC",
    sessions: Int32Array.from({ length: last - first + 1 }, (_, row) => first + row),
    hours: () => hours,
  });
}
