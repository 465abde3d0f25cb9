import { isoOf, type Day } from "../day.ts";
import { MarketError } from "../errors.ts";
import { slotOfMinute, slotsOf, type BarMinutes, type SessionHours } from "./hours.ts";

/**
 * The sessions of an exchange between two dates, with their hours. Dates are exchange-local. Every question about
 * a date outside `first`…`last` is an error (MARKET_CALENDAR_RANGE): nothing is known there, not even holidays.
 */
export interface Calendar {
  readonly name: string;
  readonly timeZone: string;
  /** Range in which the calendar knows which days are sessions; inclusive, need not be sessions themselves. */
  readonly first: Day;
  readonly last: Day;
  /** Later sessions up to `last` are projected by rule, not announced by the exchange. */
  readonly confirmedThrough: Day;
  /** Strictly increasing. Shared, not a copy: read only. */
  readonly sessions: Int32Array;

  isSession(day: Day): boolean;
  /** Row of a session, or −1 when the exchange is closed on that day. */
  indexOf(day: Day): number;
  /** Session at a row. Throws `RangeError` outside 0…length − 1. */
  at(index: number): Day;
  /** First session after `day`. Throws MARKET_CALENDAR_RANGE when it lies beyond the calendar. */
  next(day: Day): Day;
  /** Last session before `day`. */
  previous(day: Day): Day;
  /** `day` itself when it is a session, else the next one. */
  atOrAfter(day: Day): Day;
  /** `day` itself when it is a session, else the previous one. */
  atOrBefore(day: Day): Day;
  /** The session `count` sessions after (before, when negative) the session `day`. Throws MARKET_NOT_A_SESSION. */
  offset(day: Day, count: number): Day;
  /** Sessions of `[start, end]`, both included; a view of `sessions`, empty when `start > end`. */
  sessionsBetween(start: Day, end: Day): Int32Array;
  /** Number of sessions of `[start, end]`. */
  count(start: Day, end: Day): number;
  /** Throws MARKET_NOT_A_SESSION, and MARKET_HOURS_UNKNOWN for a calendar made from bare dates. */
  sessionHours(day: Day): SessionHours;
  /** Minute of the day at which each bar of that session ends. Shared, not a copy: read only. */
  slots(day: Day, barMinutes: BarMinutes): Int16Array;
  /** Slot that a minute stamp falls in, −1 outside trading; the opening auction belongs to slot 0. */
  slotOf(
    day: Day,
    minute: number,
    options: { readonly barMinutes: BarMinutes; readonly stamp: "start" | "end" },
  ): number;
}

export interface CalendarParts {
  readonly name: string;
  readonly timeZone: string;
  readonly sessions: Int32Array;
  /** Default: the first and last session. */
  readonly first?: Day;
  readonly last?: Day;
  /** Default: `last`. */
  readonly confirmedThrough?: Day;
  readonly hours?: (session: Day) => SessionHours;
  /** Minutes before the open in which the opening auction's trades may be stamped. Default 0. */
  readonly auctionLead?: number;
}

/** A calendar of exactly these sessions, such as a Qlib directory's. Throws MARKET_SESSIONS_INVALID. */
export function calendarOf(parts: CalendarParts): Calendar {
  const { name, sessions } = parts;
  const first = parts.first ?? sessions[0] ?? Number.NaN;
  const last = parts.last ?? sessions[sessions.length - 1] ?? Number.NaN;
  checkSessions(parts, first, last);

  const within = (day: Day): void => {
    if (!Number.isInteger(day)) throw new RangeError(`${day} is not a whole day`);
    if (day < first || day > last) throw outOfRange(`${isoOf(day)} lies outside it`);
  };
  const outOfRange = (found: string): MarketError =>
    new MarketError(
      "MARKET_CALENDAR_RANGE",
      `Calendar ${name} covers ${isoOf(first)} to ${isoOf(last)}; ${found}`,
      { remedy: `Ask for dates of that range, or bring a calendar that covers more.` },
    );
  /** First row whose session is ≥ `day`. */
  const lower = (day: Day): number => {
    let low = 0;
    let high = sessions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sessions[middle]! < day) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const sessionAt = (index: number, asked: string): Day => {
    const day = sessions[index];
    if (day === undefined) throw outOfRange(`${asked} does not`);
    return day;
  };
  const rowOfSession = (day: Day): number => {
    const row = calendar.indexOf(day);
    if (row >= 0) return row;
    throw new MarketError("MARKET_NOT_A_SESSION", `${isoOf(day)} is no session of calendar ${name}`, {
      remedy: "Take atOrAfter or atOrBefore of the date.",
    });
  };

  /** Most sessions of an era share one hours object, so their slots are made once. */
  const madeSlots = new Map<SessionHours, Map<BarMinutes, Int16Array>>();
  const slotsOnce = (hours: SessionHours, barMinutes: BarMinutes): Int16Array => {
    const ofHours = madeSlots.get(hours) ?? new Map<BarMinutes, Int16Array>();
    madeSlots.set(hours, ofHours);
    const slots = ofHours.get(barMinutes) ?? slotsOf(hours, barMinutes);
    ofHours.set(barMinutes, slots);
    return slots;
  };

  const calendar: Calendar = {
    name,
    timeZone: parts.timeZone,
    first,
    last,
    confirmedThrough: parts.confirmedThrough ?? last,
    sessions,
    isSession: (day) => calendar.indexOf(day) >= 0,
    indexOf(day) {
      within(day);
      const row = lower(day);
      return sessions[row] === day ? row : -1;
    },
    at(index) {
      const day = sessions[index];
      if (day === undefined) throw new RangeError(`row ${index} of ${sessions.length} sessions of ${name}`);
      return day;
    },
    next(day) {
      within(day);
      return sessionAt(lower(day + 1), `the session after ${isoOf(day)}`);
    },
    previous(day) {
      within(day);
      return sessionAt(lower(day) - 1, `the session before ${isoOf(day)}`);
    },
    atOrAfter(day) {
      within(day);
      return sessionAt(lower(day), `the session from ${isoOf(day)} on`);
    },
    atOrBefore(day) {
      within(day);
      return sessionAt(lower(day + 1) - 1, `the session up to ${isoOf(day)}`);
    },
    offset(day, count) {
      if (!Number.isInteger(count)) throw new RangeError(`${count} sessions is not a whole number`);
      return sessionAt(rowOfSession(day) + count, `the session ${count} sessions from ${isoOf(day)}`);
    },
    sessionsBetween(start, end) {
      if (start > end) return sessions.subarray(0, 0);
      within(start);
      within(end);
      return sessions.subarray(lower(start), lower(end + 1));
    },
    count: (start, end) => calendar.sessionsBetween(start, end).length,
    sessionHours(day) {
      rowOfSession(day);
      if (parts.hours !== undefined) return parts.hours(day);
      throw new MarketError("MARKET_HOURS_UNKNOWN", `Calendar ${name} was made from dates without hours`, {
        remedy: "Use an exchange's calendar, or give calendarOf the hours.",
      });
    },
    slots: (day, barMinutes) => slotsOnce(calendar.sessionHours(day), barMinutes),
    slotOf(day, minute, { barMinutes, stamp }) {
      const hours = calendar.sessionHours(day);
      return slotOfMinute(slotsOnce(hours, barMinutes), minute, {
        hours,
        stamp,
        auctionLead: parts.auctionLead ?? 0,
      });
    },
  };
  return calendar;
}

function checkSessions({ name, sessions }: CalendarParts, first: Day, last: Day): void {
  const invalid = (found: string): never => {
    throw new MarketError("MARKET_SESSIONS_INVALID", `The sessions of calendar ${name} ${found}`, {
      remedy: "Give each session once, in order, as whole days.",
    });
  };
  if (sessions.length === 0) invalid("are none");
  for (let row = 1; row < sessions.length; row++) {
    if (sessions[row]! <= sessions[row - 1]!) {
      invalid(`do not increase at row ${row}: ${isoOf(sessions[row - 1]!)}, ${isoOf(sessions[row]!)}`);
    }
  }
  if (!(first <= sessions[0]! && last >= sessions[sessions.length - 1]!)) {
    invalid(`reach beyond its range ${first}…${last}`);
  }
}
