import { expect, test } from "vitest";
import { dayOf } from "./day.ts";
import { MarketError } from "./errors.ts";
import { daysOfTicker, isWithin, parseMapFile } from "./ticker-map.ts";

const wasteManagement = parseMapFile("19980102,uw,N\n19980716,uw,N\n20090804,wmi,N\n20501231,wm,N\n");
const invesco = parseMapFile("19990310,qqq,Q\r\n20041130,qqq,Q\r\n20110322,qqqq,Q\r\n20501231,qqq,Q\r\n");

test("a security's tickers follow each other without a gap", () => {
  expect(wasteManagement).toEqual([
    { ticker: "UW", from: dayOf("1998-01-02"), to: dayOf("1998-07-16") },
    { ticker: "WMI", from: dayOf("1998-07-17"), to: dayOf("2009-08-04") },
    { ticker: "WM", from: dayOf("2009-08-05"), to: null },
  ]);
});

test("a ticker that was another security's before counts only from the day it was taken over", () => {
  const spans = daysOfTicker(wasteManagement, "wm");
  expect(isWithin(spans, dayOf("2008-09-26"))).toBe(false);
  expect(isWithin(spans, dayOf("2009-08-04"))).toBe(false);
  expect(isWithin(spans, dayOf("2009-08-05"))).toBe(true);
  expect(isWithin(spans, dayOf("2060-01-02"))).toBe(true);
});

test("a ticker may be left and taken up again", () => {
  const spans = daysOfTicker(invesco, "QQQ");
  expect(spans.length).toBe(2);
  expect(
    ["2004-11-30", "2004-12-01", "2011-03-22", "2011-03-23"].map((d) => isWithin(spans, dayOf(d))),
  ).toEqual([true, false, false, true]);
});

test.each([
  ["", "fewer than two lines"],
  ["19980102,uw,N", "fewer than two lines"],
  ["19980102,uw\n1998071,uw", "line 2"],
  ["19980102,uw\n19980716,", "line 2"],
  ["19980716,uw\n19980102,uw", "line 2 has 1998-01-02, before 1998-07-16"],
])("the map file %j is refused: %s", (text, message) => {
  expect(() => parseMapFile(text)).toThrow(message);
  expect(() => parseMapFile(text)).toThrow(MarketError);
});
