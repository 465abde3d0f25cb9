import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { dayOf, isoOf } from "../day.ts";
import { MarketError } from "../errors.ts";
import type { Calendar } from "./calendar.ts";
import { calendarNamed } from "./exchange-calendars.ts";
import { clockOf } from "./hours.ts";

/** One line per session, in the layout of the CSV files that the compact record was made from. */
function csvOf(calendar: Calendar): string {
  const lines = Array.from(calendar.sessions, (day) => {
    const { open, close, breaks, earlyClose } = calendar.sessionHours(day);
    const rest = breaks[0] === undefined ? "," : breaks[0].map(clockOf).join(",");
    return `${isoOf(day)},${clockOf(open)},${clockOf(close)},${rest},${earlyClose ? 1 : 0}`;
  });
  return `date,open,close,break_start,break_end,early_close\n${lines.join("\n")}\n`;
}

test.each([
  ["XSHG", 8797, "dc1d0fe507363627434872945ffc6d642d2b779ae90e1b9297ead6c2931782e7"],
  ["XHKG", 15_742, "77c0386bd1eb6ce5c55a5c597d3a48b88e3318ddd57cd31c52e73fbc3c6556da"],
  ["XNYS", 14_874, "3add180d750d0743a4c32c8c46c43529eb43ec1992713554cbccb539a63a3bc3"],
])("%s expands to the %d sessions, with hours, of the file it was made from", (name, count, sha256) => {
  const calendar = calendarNamed(name);
  expect(calendar.sessions.length).toBe(count);
  expect(createHash("sha256").update(csvOf(calendar)).digest("hex")).toBe(sha256);
});

test("the last known days matter: XSHG ends with 2026 and XHKG is only projected after it", () => {
  expect(isoOf(calendarNamed("XSHG").last)).toBe("2026-12-31");
  expect(isoOf(calendarNamed("XHKG").confirmedThrough)).toBe("2026-12-31");
  expect(() => calendarNamed("XSHG").isSession(dayOf("2027-01-04"))).toThrow(
    "Calendar XSHG covers 1990-12-19 to 2026-12-31",
  );
});

test("known holidays and make-up weekends of Shanghai are closed", () => {
  const xshg = calendarNamed("XSHG");
  for (const closed of ["2017-05-30", "2024-02-12", "2024-10-01", "2024-09-29", "2026-02-23"]) {
    expect(xshg.isSession(dayOf(closed))).toBe(false);
  }
  expect(isoOf(xshg.next(dayOf("2023-09-28")))).toBe("2023-10-09");
});

test("an A-share session has 240 one-minute slots, 571 to 690 and 781 to 900", () => {
  const xshg = calendarNamed("XSHG");
  const slots = xshg.slots(dayOf("2018-01-02"), 1);
  expect(slots.length).toBe(240);
  expect([slots[0], slots[119], slots[120], slots[239]]).toEqual([571, 690, 781, 900]);
  expect([...xshg.slots(dayOf("2018-01-02"), 60)].map(clockOf)).toEqual(["10:30", "11:30", "14:00", "15:00"]);
  expect([5, 15, 30].map((m) => xshg.slots(dayOf("2018-01-02"), m as 5 | 15 | 30).length)).toEqual([
    48, 16, 8,
  ]);
});

test("the opening auction belongs to the first slot, the midday break to none", () => {
  const xshg = calendarNamed("XSHG");
  const day = dayOf("2018-01-02");
  const end = (minute: number) => xshg.slotOf(day, minute, { barMinutes: 1, stamp: "end" });
  const start = (minute: number) => xshg.slotOf(day, minute, { barMinutes: 1, stamp: "start" });
  expect([565, 570, 571, 572, 690].map(end)).toEqual([0, 0, 0, 1, 119]);
  expect([691, 780, 781, 900, 901, 540].map(end)).toEqual([-1, -1, 120, 239, -1, -1]);
  expect([565, 570, 571, 689, 690, 779, 780, 899, 900].map(start)).toEqual([
    0, 0, 1, 119, -1, -1, 120, 239, -1,
  ]);
});

test("every end stamp falls in its own slot, in every calendar and bar length", () => {
  for (const name of ["XSHG", "XHKG", "XNYS", "24x7"]) {
    const calendar = calendarNamed(name);
    for (let row = 0; row < calendar.sessions.length; row += 997) {
      const day = calendar.at(row);
      for (const barMinutes of [1, 5, 15, 30, 60] as const) {
        const slots = calendar.slots(day, barMinutes);
        const found = Array.from(slots, (end) => calendar.slotOf(day, end, { barMinutes, stamp: "end" }));
        expect(found).toEqual(Array.from(slots, (_, slot) => slot));
      }
    }
  }
});

test("bars stop at an early close and at the end of each stretch", () => {
  const xnys = calendarNamed("XNYS");
  const afterThanksgiving = dayOf("2023-11-24");
  expect(xnys.sessionHours(afterThanksgiving)).toEqual({
    open: 570,
    close: 780,
    breaks: [],
    earlyClose: true,
  });
  expect([...xnys.slots(dayOf("2023-11-22"), 60)].map(clockOf).slice(-2)).toEqual(["15:30", "16:00"]);
  expect(calendarNamed("24x7").slots(dayOf("2024-02-29"), 1).length).toBe(1440);
});

test("an unknown calendar is a coded error; XBSE is Bucharest and no name for Beijing", () => {
  expect(() => calendarNamed("XBSE")).toThrow(MarketError);
});

test("a calendar is built once", () => {
  expect(calendarNamed("XSHG")).toBe(calendarNamed("XSHG"));
});
