/** Which exchange calendar the days of a Qlib directory follow: by the instruments' venues, else by the days themselves. */
import { calendarNamed } from "#market/calendar/exchange-calendars";
import type { InstrumentId } from "#market/instrument";
import { venueOf } from "#market/instrument";
import type { CalendarName } from "#market/venue";
import { venueNamed } from "#market/venue";
import type { TimeAxis } from "#panel/axes";

const NAMES: readonly CalendarName[] = ["XSHG", "XNYS", "XHKG"];
/** Share of the days that must be sessions. */
const ENOUGH = 0.98;

/** The calendar's name and why. Days that are no session of any exchange's calendar leave `24x7`. */
export function guessCalendar(
  time: TimeAxis,
  instruments: readonly string[],
): { readonly calendar: CalendarName; readonly reasons: readonly string[] } {
  const counts = new Map<CalendarName, number>();
  for (const id of instruments) {
    const venue = venueOf(id as InstrumentId);
    if (venue === null) continue;
    const { calendar } = venueNamed(venue);
    counts.set(calendar, (counts.get(calendar) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  if (most !== undefined) {
    const [calendar, count] = most;
    return {
      calendar,
      reasons: [`${count} of ${instruments.length} instruments are of an exchange with calendar ${calendar}`],
    };
  }
  const shares = NAMES.map((name) => ({ name, share: sessionShare(time, name) }));
  const best = shares.reduce((a, b) => (b.share > a.share ? b : a));
  const percent = `${(best.share * 100).toFixed(1)} % of the days are sessions of ${best.name}`;
  if (best.share >= ENOUGH) return { calendar: best.name, reasons: [percent] };
  return { calendar: "24x7", reasons: [`only ${percent}, so every day counts as a session`] };
}

function sessionShare(time: TimeAxis, name: CalendarName): number {
  const calendar = calendarNamed(name);
  let sessions = 0;
  for (const day of time.days) {
    if (day >= calendar.first && day <= calendar.last && calendar.isSession(day)) sessions++;
  }
  return sessions / time.days.length;
}
