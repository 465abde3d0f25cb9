import * as fc from "fast-check";
import { expect, test } from "vitest";
import { dayOf, isoOf } from "../day.ts";
import { MarketError, type MarketErrorCode } from "../errors.ts";
import { calendarOf, type Calendar } from "./calendar.ts";

/** The plain twin: the same answers from a linear scan over a set. */
function scan(calendar: Calendar) {
  const sessions = [...calendar.sessions];
  return {
    next: (day: number) => sessions.find((session) => session > day),
    previous: (day: number) => sessions.findLast((session) => session < day),
    between: (start: number, end: number) => sessions.filter((s) => s >= start && s <= end),
  };
}

const calendars = fc
  .uniqueArray(fc.integer({ min: -500, max: 500 }), { minLength: 1, maxLength: 60 })
  .map((days) =>
    calendarOf({ name: "test", timeZone: "UTC", sessions: Int32Array.from(days.sort((a, b) => a - b)) }),
  );

const codeOf = (action: () => unknown): MarketErrorCode | "none" => {
  try {
    action();
    return "none";
  } catch (error) {
    if (error instanceof MarketError) return error.code;
    throw error;
  }
};

test("rows and sessions are inverse", () => {
  fc.assert(
    fc.property(calendars, (calendar) => {
      const rows = Array.from(calendar.sessions, (_, row) => row);
      expect(rows.map((row) => calendar.indexOf(calendar.at(row)))).toEqual(rows);
    }),
  );
});

test("neighbours and counts agree with a linear scan on every day of the range", () => {
  fc.assert(
    fc.property(calendars, fc.nat({ max: 1000 }), (calendar, step) => {
      const plain = scan(calendar);
      const span = calendar.last - calendar.first + 1;
      const day = calendar.first + (step % span);
      const next = plain.next(day);
      const previous = plain.previous(day);
      const isSession = calendar.sessions.includes(day);
      expect(calendar.isSession(day)).toBe(isSession);
      expect(codeOf(() => calendar.next(day))).toBe(next === undefined ? "MARKET_CALENDAR_RANGE" : "none");
      expect(codeOf(() => calendar.previous(day))).toBe(
        previous === undefined ? "MARKET_CALENDAR_RANGE" : "none",
      );
      expect(next === undefined || calendar.next(day) === next).toBe(true);
      expect(previous === undefined || calendar.previous(day) === previous).toBe(true);
      expect(calendar.atOrAfter(day)).toBe(isSession ? day : next);
      expect(calendar.atOrBefore(day)).toBe(isSession ? day : previous);
      expect([...calendar.sessionsBetween(calendar.first, day)]).toEqual(plain.between(calendar.first, day));
      expect(calendar.count(calendar.first, day) + calendar.count(day, calendar.last)).toBe(
        calendar.sessions.length + (isSession ? 1 : 0),
      );
    }),
    { numRuns: 500 },
  );
});

test("offsets add up and undo each other", () => {
  fc.assert(
    fc.property(calendars, fc.nat(), fc.nat(), (calendar, a, b) => {
      const rows = calendar.sessions.length;
      const from = calendar.at(a % rows);
      const to = calendar.at(b % rows);
      const steps = (b % rows) - (a % rows);
      expect(calendar.offset(from, steps)).toBe(to);
      expect(calendar.offset(to, -steps)).toBe(from);
      expect(calendar.count(from, to)).toBe(steps >= 0 ? steps + 1 : 0);
    }),
  );
});

const three = calendarOf({
  name: "three",
  timeZone: "UTC",
  sessions: Int32Array.from(["2024-01-02", "2024-01-03", "2024-01-05"].map(dayOf)),
});

const askBeyond = () => three.isSession(dayOf("2024-01-06"));

test("a date outside the range is a coded error that names the range", () => {
  expect(askBeyond).toThrow("Calendar three covers 2024-01-02 to 2024-01-05; 2024-01-06 lies outside it");
  expect(codeOf(askBeyond)).toBe("MARKET_CALENDAR_RANGE");
  expect(codeOf(() => three.sessionsBetween(dayOf("2023-12-31"), dayOf("2024-01-03")))).toBe(
    "MARKET_CALENDAR_RANGE",
  );
  expect(codeOf(() => three.next(three.last))).toBe("MARKET_CALENDAR_RANGE");
  expect(codeOf(() => three.offset(three.first, -1))).toBe("MARKET_CALENDAR_RANGE");
  expect(() => three.indexOf(Number.NaN)).toThrow(RangeError);
  expect(() => three.at(3)).toThrow(RangeError);
});

test("an offset starts at a session, and bare dates have no hours", () => {
  expect(codeOf(() => three.offset(dayOf("2024-01-04"), 1))).toBe("MARKET_NOT_A_SESSION");
  expect(codeOf(() => three.sessionHours(dayOf("2024-01-03")))).toBe("MARKET_HOURS_UNKNOWN");
  expect(isoOf(three.atOrAfter(dayOf("2024-01-04")))).toBe("2024-01-05");
});

test.each([
  [[], "none"],
  [[3, 3], "twice"],
  [[4, 3], "unsorted"],
])("sessions %j are refused: %s", (sessions) => {
  const make = () => calendarOf({ name: "x", timeZone: "UTC", sessions: Int32Array.from(sessions) });
  expect(codeOf(make)).toBe("MARKET_SESSIONS_INVALID");
});

test("a range narrower than its sessions is refused", () => {
  const parts = { name: "x", timeZone: "UTC", sessions: Int32Array.of(1, 2, 3) };
  expect(codeOf(() => calendarOf({ ...parts, first: 2 }))).toBe("MARKET_SESSIONS_INVALID");
  expect(codeOf(() => calendarOf({ ...parts, last: 2 }))).toBe("MARKET_SESSIONS_INVALID");
});
