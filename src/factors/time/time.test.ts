import { expect, test } from "vitest";
import { computeFactors } from "../compute.ts";
import { panelOf } from "#panel/panel";
import { dayOf } from "#market/day";
import { time } from "./time.ts";

/** Sessions around the turn of a quarter that a holiday shortens, then a jump over a year's end. */
const dates = ["2019-09-27", "2019-09-30", "2019-10-08", "2019-10-31", "2019-11-01", "2020-01-02"];

test("the date of a session is told in numbers, from that date and the row before it only", () => {
  const { panel, failures } = computeFactors(
    time,
    panelOf({
      role: "market",
      time: { freq: "day", days: Int32Array.from(dates, dayOf) },
      instruments: ["A"],
      first: Int32Array.of(0),
      last: Int32Array.of(dates.length - 1),
      columns: [{ name: "close", values: new Float32Array(dates.length).fill(Number.NaN) }],
    }),
    { precision: "f64" },
  );
  expect(failures).toEqual([]);
  const NAN = Number.NaN;
  const columns = Object.fromEntries([...panel.columns].map(([name, { values }]) => [name, [...values]]));
  expect(columns).toEqual({
    WEEKDAY: [4, 0, 1, 3, 4, 3],
    MONTH_DAY: [27, 30, 8, 31, 1, 2],
    YEAR_DAY: [270, 273, 281, 304, 305, 2],
    WEEK: [39, 40, 41, 44, 44, 1],
    MONTH: [9, 9, 10, 10, 11, 1],
    QUARTER: [3, 3, 4, 4, 4, 1],
    MONTH_PROGRESS: [27 / 30, 1, 8 / 31, 1, 1 / 30, 2 / 31].map(Math.fround),
    DAYS_SINCE_SESSION: [NAN, 3, 8, 23, 1, 62],
    WEEK_START: [NAN, 1, 1, 1, 0, 1],
    MONTH_START: [NAN, 0, 1, 0, 1, 1],
    QUARTER_START: [NAN, 0, 1, 0, 0, 1],
    YEAR_START: [NAN, 0, 0, 0, 0, 1],
    MONTH_END: [0, 1, 0, 1, 0, 0],
    WEEKDAYS_LEFT: [1, 0, 17, 0, 20, 21],
  });
});
