import { expect, test } from "vitest";
import { calendarNamed } from "./calendar/exchange-calendars.ts";
import { MarketError } from "./errors.ts";
import { venueNamed, venueOfSuffix, venues } from "./venue.ts";

test("every venue's calendar exists and keeps its time zone", () => {
  for (const venue of venues) expect(calendarNamed(venue.calendar).timeZone).toBe(venue.timeZone);
});

test("a suffix and its aliases mean one venue, and US means the consolidated tape", () => {
  expect(venueOfSuffix("SH")?.name).toBe("SSE");
  expect(venueOfSuffix("SS")?.name).toBe("SSE");
  expect(venueOfSuffix("XSHE")?.name).toBe("SZSE");
  expect(venueOfSuffix("US")?.name).toBe("US");
  expect(venueOfSuffix("XBSE")).toBeUndefined();
  expect(venueOfSuffix("XX")).toBeUndefined();
});

test("an unknown venue is a coded error that lists the known ones", () => {
  expect(() => venueNamed("LSE")).toThrow(MarketError);
  expect(venueNamed("BSE").suffix).toBe("BJ");
});
