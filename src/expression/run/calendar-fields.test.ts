import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dayOf, isoOf } from "#market/day";
import { panelOf, type Panel } from "#panel/panel";
import { calendarFields } from "./calendar-fields.ts";
import { evaluateExpressions } from "./evaluate.ts";

const on = (field: string, date: string): number => calendarFields[`calendar_${field}`]!.valueOn(dayOf(date));

function panelOn(dates: readonly string[], close = dates.map((_, row) => row + 1)): Panel<"market"> {
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from(dates, dayOf) },
    instruments: ["A"],
    first: Int32Array.of(0),
    last: Int32Array.of(dates.length - 1),
    columns: [{ name: "close", values: Float32Array.from(close) }],
  });
}

const valuesOf = (expression: string, panel: Panel): number[] => [
  ...evaluateExpressions([expression], panel)[0]!.values,
];

describe("calendar fields", () => {
  test("are what the calendar on the wall says", () => {
    expect(["2024-02-28", "2024-02-29", "2023-12-31"].map((date) => on("year_day", date))).toEqual([
      59, 60, 365,
    ]);
    expect(["2024-07-01", "2024-07-07"].map((date) => on("weekday", date))).toEqual([0, 6]);
    expect(["2024-03-31", "2024-04-01", "2024-12-31"].map((date) => on("quarter", date))).toEqual([1, 2, 4]);
    expect(["2023-02-10", "2024-02-10", "2024-12-10"].map((date) => on("month_length", date))).toEqual([
      28, 29, 31,
    ]);
    expect([on("year", "1969-12-31"), on("month", "1969-12-31"), on("month_day", "1969-12-31")]).toEqual([
      1969, 12, 31,
    ]);
  });

  // From the worked examples of ISO 8601's week rule.
  test.each([
    ["2005-01-01", 53],
    ["2005-01-02", 53],
    ["2005-12-31", 52],
    ["2007-01-01", 1],
    ["2008-12-29", 1],
    ["2009-12-31", 53],
    ["2010-01-03", 53],
    ["2010-01-04", 1],
  ])("number the ISO week of %s as %i", (date, week) => {
    expect(on("week", date)).toBe(week);
  });

  // November 2024 ended on a Saturday, June 2024 on a Sunday.
  test.each([
    ["2024-11-28", 1],
    ["2024-11-29", 0],
    ["2024-11-30", 0],
    ["2024-06-27", 1],
    ["2024-06-28", 0],
    ["2024-07-01", 22],
  ])("count the weekdays after %s in its month as %i", (date, left) => {
    expect(on("weekdays_left", date)).toBe(left);
  });

  test("agree with the platform's own calendar on any day", () => {
    fc.assert(
      fc.property(fc.integer({ min: -30_000, max: 80_000 }), (day) => {
        const [year, month, monthDay] = isoOf(day).split("-").map(Number);
        const date = new Date(day * 86_400_000);
        const values = ["year", "month", "month_day", "weekday"].map((field) =>
          calendarFields[`calendar_${field}`]!.valueOn(day),
        );
        expect(values).toEqual([year, month, monthDay, (date.getUTCDay() + 6) % 7]);
      }),
    );
  });

  test("stand in expressions like the data's fields, whatever their case", () => {
    const panel = panelOn(["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-02"], [1, 2, Number.NaN, 4]);
    expect(valuesOf("$calendar_month_day", panel)).toEqual([30, 31, 1, 2]);
    expect(valuesOf("If($Calendar_Weekday == 3, $close, -1)", panel)).toEqual([-1, -1, Number.NaN, -1]);
    expect(valuesOf("Sign(Abs(Delta($calendar_month, 1)))", panel)).toEqual([Number.NaN, 0, 1, 0]);
  });

  test("exist over an instrument's own rows only", () => {
    const panel = { ...panelOn(["2024-01-30", "2024-01-31", "2024-02-01"]), first: Int32Array.of(1) };
    expect(valuesOf("$calendar_day", panel)).toEqual([Number.NaN, dayOf("2024-01-31"), dayOf("2024-02-01")]);
  });

  test("are not taken from the data, and a mistyped one is suggested", () => {
    const panel = panelOn(["2024-03-05"]);
    const claimed = panelOf({ ...panel, columns: [{ name: "Calendar_Month", values: Float32Array.of(77) }] });
    expect(valuesOf("$calendar_month", claimed)).toEqual([3]);
    expect(() => valuesOf("$calendar_moth", panel)).toThrow(
      expect.objectContaining({
        code: "EXPRESSION_FIELD_UNKNOWN",
        remedy: expect.stringContaining("did you mean $calendar_month?"),
      }),
    );
  });
});
