import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { calendarNamed } from "../../src/market/calendar/exchange-calendars.ts";
import { clockOf } from "../../src/market/calendar/hours.ts";
import { dayOf, isoOf, weekdayOf } from "../../src/market/day.ts";
import { sharedData } from "./shared-data.ts";

test.each(["XSHG", "XHKG", "XNYS"])("calendar %s regenerates its CSV line by line", (name) => {
  const calendar = calendarNamed(name);
  const lines = Array.from(calendar.sessions, (day) => {
    const { open, close, breaks, earlyClose } = calendar.sessionHours(day);
    const rest = breaks.flatMap((pause) => pause.map(clockOf));
    return [isoOf(day), clockOf(open), clockOf(close), rest[0] ?? "", rest[1] ?? "", earlyClose ? 1 : 0].join(
      ",",
    );
  });
  const wanted = readFileSync(sharedData("calendars", `${name}.csv`), "utf8")
    .trimEnd()
    .split("\n")
    .slice(1);
  expect(wanted.length).toBeGreaterThan(8000);
  expect(lines).toEqual(wanted);
});

test("the weekday closures of all calendars are those listed", () => {
  const listed = readFileSync(sharedData("calendars", "holidays.csv"), "utf8").trimEnd().split("\n").slice(1);
  const found = ["XHKG", "XNYS", "XSHG"].flatMap((name) => {
    const calendar = calendarNamed(name);
    const closed: string[] = [];
    for (let day = calendar.first; day <= calendar.last; day++) {
      const weekday = weekdayOf(day);
      if (weekday !== 0 && weekday !== 6 && !calendar.isSession(day)) closed.push(`${name},${isoOf(day)}`);
    }
    return closed;
  });
  expect(found.toSorted()).toEqual(listed.toSorted());
});

test("a published trading calendar of 2023–2025 agrees on every session and its predecessor", () => {
  const path = sharedData("reference", "fundamentals-chip", "data", "trade_cal.csv");
  const [header = "", ...rows] = readFileSync(path, "utf8").trimEnd().split(/\r?\n/);
  const names = header.split(",");
  const column = (row: string, name: string): string => row.split(",")[names.indexOf(name)]!;
  const xshg = calendarNamed("XSHG");
  const open = rows.filter((row) => !names.includes("is_open") || column(row, "is_open") === "1");
  expect(open.length).toBeGreaterThan(400);
  const wrong = open.filter((row) => {
    const day = dayOf(column(row, "cal_date"));
    return !xshg.isSession(day) || xshg.previous(day) !== dayOf(column(row, "pretrade_date"));
  });
  expect(wrong).toEqual([]);
});
