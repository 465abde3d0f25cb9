import { readFileSync, readdirSync } from "node:fs";
import { unzipSync } from "fflate";
import { expect, test } from "vitest";
import { parseFactorFile } from "../../src/market/adjustment/factor-file.ts";
import { factorFromFile } from "../../src/market/adjustment/factor.ts";
import { adjustPrices, scaleOf } from "../../src/market/adjustment/view.ts";
import { calendarNamed } from "../../src/market/calendar/exchange-calendars.ts";
import { dayOf, isoOf, parseDay } from "../../src/market/day.ts";
import { daysOfTicker, isWithin, parseMapFile } from "../../src/market/ticker-map.ts";
import { toCanonical, unitNamed } from "../../src/market/units.ts";
import { sharedData } from "./shared-data.ts";

const folder = ["shippable", "us-equity-daily"] as const;

/** A ticker's bars of the security that carries it today, with its factor file. */
function equity(ticker: string) {
  const archive = unzipSync(readFileSync(sharedData(...folder, `${ticker}.zip`)));
  const text = new TextDecoder().decode(archive[`${ticker}.csv`]);
  const own = daysOfTicker(
    parseMapFile(readFileSync(sharedData(...folder, "map_files", `${ticker}.csv`), "utf8")),
    ticker,
  );
  const bars = text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.split(","))
    .filter((bar) => isWithin(own, parseDay(bar[0]!.slice(0, 8))));
  const unit = unitNamed("price×10000");
  return {
    days: Int32Array.from(bars, (bar) => parseDay(bar[0]!.slice(0, 8))),
    close: Float64Array.from(bars, (bar) => toCanonical(Number(bar[4]), unit)),
    file: parseFactorFile(readFileSync(sharedData(...folder, "factor_files", `${ticker}.csv`), "utf8")),
  };
}

test.each([
  ["2000-06-21", 2],
  ["2005-02-28", 2],
  ["2014-06-09", 7],
  ["2020-08-31", 4],
])("Apple's split of %s (%d:1) leaves no jump in the adjusted close", (date, ratio) => {
  const { days, close, file } = equity("aapl");
  const factor = factorFromFile(days, file);
  const row = days.indexOf(dayOf(date));
  const adjusted = adjustPrices(close, factor);
  expect(row).toBeGreaterThan(0);
  expect(factor[row]! / factor[row - 1]!).toBeCloseTo(ratio, 3);
  expect(close[row - 1]! / close[row]!).toBeGreaterThan(ratio * 0.9);
  expect(Math.abs(adjusted[row]! / adjusted[row - 1]! - 1)).toBeLessThan(0.11);
});

function returnsOf(prices: Float64Array): Float64Array {
  return prices.subarray(1).map((price, row) => price / prices[row]! - 1);
}

const tickers = readdirSync(sharedData(...folder, "factor_files")).map((name) => name.replace(".csv", ""));

test.each(tickers)(
  "%s: factor 1 on the first bar, each row's reference is the raw close of its day",
  (ticker) => {
    const { days, close, file } = equity(ticker);
    const factor = factorFromFile(days, file);
    expect(factor[0]).toBe(1);
    const inside = file.filter((row) => row.reference > 0 && days.includes(row.day) && row.day !== days[0]);
    const off = inside.filter((row) => Math.abs(close[days.indexOf(row.day)]! / row.reference - 1) > 0.002);
    expect(off.map((row) => isoOf(row.day))).toEqual([]);
  },
);

test.each(tickers)("%s: returns are the same in hfq and in qfq on any base date", (ticker) => {
  const { days, close, file } = equity(ticker);
  const factor = factorFromFile(days, file);
  const hfq = returnsOf(adjustPrices(close, factor));
  for (const base of [days[0]!, days[days.length >> 1]!, days.at(-1)!]) {
    const qfq = returnsOf(adjustPrices(close, scaleOf({ kind: "qfq", base }, days, factor)));
    expect(qfq.every((value, row) => Math.abs(value - hfq[row]!) < 1e-13)).toBe(true);
  }
});

test.each(tickers)("%s trades on sessions of New York only", (ticker) => {
  const xnys = calendarNamed("XNYS");
  const { days } = equity(ticker);
  expect(
    Array.from(days)
      .filter((day) => !xnys.isSession(day))
      .map(isoOf),
  ).toEqual([]);
});
