import { expect, test } from "vitest";
import { clockOf } from "./calendar/hours.ts";
import { dayOf } from "./day.ts";
import { MarketError } from "./errors.ts";
import { instrumentOf } from "./instrument.ts";
import { closeIsAverage, phasesOn } from "./session.ts";

const phases = (id: string, date: string): string[] =>
  phasesOn(instrumentOf(id), dayOf(date)).map(
    ({ name, from, to, cancel }) => `${clockOf(from)}-${clockOf(to)} ${name}${cancel ? "" : " no cancel"}`,
  );

test("a Shenzhen share's session in 2020", () => {
  expect(phases("000001.SZ", "2020-01-02")).toEqual([
    "09:15-09:20 opening-auction",
    "09:20-09:25 opening-auction no cancel",
    "09:25-09:30 waiting no cancel",
    "09:30-11:30 continuous",
    "13:00-14:57 continuous",
    "14:57-15:00 closing-auction no cancel",
  ]);
});

test.each([
  ["600519.SH", "2018-08-17", "13:00-15:00 continuous"],
  ["600519.SH", "2018-08-20", "14:57-15:00 closing-auction no cancel"],
  ["000001.SZ", "2006-06-30", "13:00-15:00 continuous"],
  ["000001.SZ", "2006-07-03", "14:57-15:00 closing-auction no cancel"],
  ["688981.SH", "2020-07-16", "15:05-15:30 fixed-price"],
  ["300750.SZ", "2020-08-21", "14:57-15:00 closing-auction no cancel"],
  ["300750.SZ", "2020-08-24", "15:05-15:30 fixed-price"],
  ["600519.SH", "2026-07-03", "14:57-15:00 closing-auction no cancel"],
  ["600519.SH", "2026-07-06", "15:05-15:30 fixed-price"],
  ["510300.SH", "2026-07-06", "15:05-15:30 fixed-price"],
  ["900901.SH", "2026-07-06", "14:57-15:00 closing-auction no cancel"],
  ["AAPL.US", "2023-11-24", "09:30-13:00 continuous"],
  ["00700.HK", "2024-01-02", "13:00-16:00 continuous"],
  ["BTCUSDT.BINANCE", "2024-01-06", "00:00-24:00 continuous"],
])("the last phase of %s on %s is %s", (id, date, last) => {
  expect(phases(id, date).at(-1)).toBe(last);
});

test("closed days, unknown ids and days before the board opened are coded errors", () => {
  expect(() => phases("600519.SH", "2024-10-01")).toThrow("is no session of calendar XSHG");
  expect(() => phases("688981.SH", "2019-07-19")).toThrow(MarketError);
  expect(() => phasesOn(instrumentOf("E1", { acceptUnknown: true }), dayOf("2024-01-02"))).toThrow(
    MarketError,
  );
});

test.each([
  ["600519.SH", "2018-08-17", true],
  ["600519.SH", "2018-08-20", false],
  ["000001.SZ", "2018-08-17", false],
  ["000001.SZ", "2006-06-30", true],
  ["AAPL.US", "2006-06-30", false],
])("the official close of %s on %s was an average of trades: %s", (id, date, average) => {
  expect(closeIsAverage(instrumentOf(id), dayOf(date))).toBe(average);
});
