/** Which exchange's calendar a set of dates follows. */
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { type Day, isoOf, weekdayOf } from "#market/day";

export type CalendarName = "XSHG" | "XNYS" | "XHKG" | "24x7";

export interface CalendarEvidence {
  readonly calendar: CalendarName;
  /** Dates on which that exchange was closed. */
  readonly closed: number;
  readonly reasons: readonly string[];
  readonly doubts: readonly string[];
}

/** Dates on which the exchange was closed. Days outside the calendar's range are left out. */
export function closedDays(days: readonly Day[], name: CalendarName): Day[] {
  const calendar = calendarNamed(name);
  return days.filter((day) => day >= calendar.first && day <= calendar.last && !calendar.isSession(day));
}

/** `expected` comes from the instruments' venues; without it the best-fitting calendar is taken. */
export function calendarOfDays(days: readonly Day[], expected: CalendarName | null): CalendarEvidence | null {
  if (days.length === 0) return null;
  const weekend = days.filter((day) => weekdayOf(day) === 0 || weekdayOf(day) === 6).length;
  const share = weekend / days.length;
  if (expected === "24x7" || (expected === null && share > 0.2)) {
    const even = Math.abs(share - 2 / 7) < 0.05;
    return {
      calendar: "24x7",
      closed: 0,
      reasons: even
        ? [
            `${percent(share)} of the ${days.length} dates are Saturdays or Sundays, so it trades every day: calendar 24x7`,
          ]
        : [],
      doubts: even
        ? []
        : [`only ${percent(share)} of the dates are weekend days, few for a market that never closes`],
    };
  }
  const candidates: readonly CalendarName[] = expected === null ? ["XSHG", "XNYS", "XHKG"] : [expected];
  const ranked = candidates
    .map((calendar) => ({ calendar, closed: closedDays(days, calendar) }))
    .sort((a, b) => a.closed.length - b.closed.length);
  const best = ranked[0]!;
  const second = ranked[1];
  if (
    expected === null &&
    (best.closed.length > days.length * 0.01 || second?.closed.length === best.closed.length)
  ) {
    return null;
  }
  const { first, last } = calendarNamed(best.calendar);
  const beyond = days.filter((day) => day < first || day > last).length;
  const open = days.length - best.closed.length - beyond;
  const reasons = [`${open} of ${days.length} dates are sessions of ${best.calendar}`];
  const doubts =
    best.closed.length === 0
      ? []
      : [
          `the exchange was closed on ${best.closed.slice(0, 5).map(isoOf).join(", ")}${best.closed.length > 5 ? ` and ${best.closed.length - 5} more dates` : ""}; rows of closed days are kept out at import`,
        ];
  if (beyond > 0) {
    doubts.push(
      `${beyond} dates lie outside ${isoOf(first)} … ${isoOf(last)}, which calendar ${best.calendar} covers; their rows are kept out at import`,
    );
  }
  return { calendar: best.calendar, closed: best.closed.length, reasons, doubts };
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
