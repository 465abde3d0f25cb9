import { describe, expect, test } from "vitest";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { dayOf, isoOf } from "#market/day";
import { exchangeMoment, finalSecond } from "./exchange-moment.ts";
import { liveWindow, type WindowRequest } from "./live-window.ts";

const xshg = calendarNamed("XSHG");
const request: WindowRequest = {
  now: 0,
  window: 3,
  instruments: ["600008.SH"],
  rows: "final",
  isStored: () => true,
  wantsRunning: false,
};

/** First, last and running session of the window at a moment, ISO. */
function windowAt(iso: string, changes: Partial<WindowRequest> = {}): string {
  const { start, end, running } = liveWindow(xshg, { ...request, now: Date.parse(iso), ...changes });
  return [start, end, ...(running === null ? [] : [running])].map(isoOf).join(" ");
}

describe("the window at a moment", () => {
  test("ends with the last session whose bars are final", () => {
    // 2024-06-03 is a Monday; 2024-06-10 a holiday.
    expect(windowAt("2024-06-03T08:59:00+08:00")).toBe("2024-05-29 2024-05-31");
    expect(windowAt("2024-06-03T14:59:59+08:00")).toBe("2024-05-29 2024-05-31");
    expect(windowAt("2024-06-03T15:00:00+08:00")).toBe("2024-05-30 2024-06-03");
    expect(windowAt("2024-06-08T12:00:00+08:00")).toBe("2024-06-05 2024-06-07");
    expect(windowAt("2024-06-10T16:00:00+08:00")).toBe("2024-06-05 2024-06-07");
  });

  test("is that of the exchange's clock, wherever the machine stands", () => {
    expect(windowAt("2024-06-02T23:30:00-07:00")).toBe("2024-05-29 2024-05-31");
    expect(windowAt("2024-06-03T00:00:00-07:00")).toBe("2024-05-30 2024-06-03");
  });

  test("waits for trading at the close where an instrument has it", () => {
    expect(windowAt("2024-06-03T15:10:00+08:00", { instruments: ["600008.SH", "688981.SH"] })).toBe(
      "2024-05-29 2024-05-31",
    );
    expect(windowAt("2024-06-03T15:30:00+08:00", { instruments: ["600008.SH", "688981.SH"] })).toBe(
      "2024-05-30 2024-06-03",
    );
  });

  test("counts the running session when it is wanted and has begun", () => {
    const wanted = { wantsRunning: true, isStored: () => false };
    expect(windowAt("2024-06-03T09:29:59+08:00", wanted)).toBe("2024-05-29 2024-05-31");
    expect(windowAt("2024-06-03T09:30:00+08:00", wanted)).toBe("2024-05-30 2024-05-31 2024-06-03");
    expect(windowAt("2024-06-03T18:00:00+08:00", wanted)).toBe("2024-05-30 2024-05-31 2024-06-03");
    expect(windowAt("2024-06-03T18:00:00+08:00", { ...wanted, isStored: () => true })).toBe(
      "2024-05-30 2024-06-03",
    );
    expect(windowAt("2024-06-03T10:00:00+08:00", { ...wanted, isStored: () => true })).toBe(
      "2024-05-30 2024-05-31 2024-06-03",
    );
    const { start, end } = liveWindow(xshg, {
      ...request,
      ...wanted,
      window: 1,
      now: Date.parse("2024-06-03T10:00:00+08:00"),
    });
    expect(start).toBeGreaterThan(end);
  });

  test("holds the running session's finished bars of minutes", () => {
    expect(windowAt("2024-06-03T10:00:00+08:00", { rows: "begun" })).toBe("2024-05-30 2024-06-03");
  });

  test("is refused where it is no number of days or the calendar does not reach", () => {
    for (const window of [0, -1, 1.5, Number.NaN, 20_000])
      expect(() => windowAt("2024-06-03T10:00:00+08:00", { window })).toThrowError(
        expect.objectContaining({ code: "LIVE_WINDOW_INVALID" }),
      );
    for (const iso of ["1970-01-01T00:00:00Z", "2190-01-01T00:00:00Z", "no date"])
      expect(() => windowAt(iso)).toThrowError(expect.objectContaining({ code: "LIVE_MOMENT_UNKNOWN" }));
  });
});

test("the clock of an exchange keeps summer time", () => {
  const xnys = calendarNamed("XNYS");
  const at = (iso: string): readonly number[] => {
    const { day, second } = exchangeMoment(xnys, Date.parse(iso));
    return [day - dayOf("2024-01-01"), second / 3600];
  };
  expect(at("2024-03-08T15:00:00Z")).toEqual([67, 10]);
  expect(at("2024-03-11T15:00:00Z")).toEqual([70, 11]);
  expect(at("2024-03-12T03:30:00Z")).toEqual([70, 23.5]);
  expect(at("2024-03-12T04:00:00Z")).toEqual([71, 0]);
});

test("a shortened session and one without known phases end with the calendar's hours", () => {
  const xnys = calendarNamed("XNYS");
  expect(finalSecond(xnys, dayOf("2024-07-03"), ["AAPL.US"]) / 3600).toBe(13);
  expect(finalSecond(xshg, dayOf("2024-06-03"), ["NOBODY", "688981.SH"]) / 3600).toBe(15.5);
  expect(finalSecond(xshg, dayOf("2018-06-04"), ["688981.SH"]) / 3600).toBe(15);
});
