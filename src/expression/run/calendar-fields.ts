import { dayOfYmd, weekdayOf, type Day } from "#market/day";
import type { Panel } from "#panel/panel";

/**
 * Fields that every panel has without storing them: facts about a row's date, and about nothing else. They are pure
 * functions of that one date, so a panel cut at either end gives the same values and they look neither back nor ahead;
 * what depends on neighbouring sessions is an expression over them, as `Sign(Abs(Delta($calendar_month, 1)))` for the
 * first session of a month. Of intraday rows it is the date of the session. Beyond Qlib.
 */
export interface CalendarField {
  readonly summary: string;
  valueOn(day: Day): number;
}

interface YearMonthDay {
  readonly year: number;
  readonly month: number;
  readonly monthDay: number;
}

const MS_PER_DAY = 86_400_000;

function dateOf(day: Day): YearMonthDay {
  const date = new Date(day * MS_PER_DAY);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, monthDay: date.getUTCDate() };
}

const firstOf = (year: number, month: number): Day =>
  month > 12 ? dayOfYmd(year + 1, month - 12, 1) : dayOfYmd(year, month, 1);

/** Monday 0 … Sunday 6. */
const weekday = (day: Day): number => (weekdayOf(day) + 6) % 7;

/** ISO 8601: the week belongs to the year that holds its Thursday. */
function isoWeek(day: Day): number {
  const thursday = day - weekday(day) + 3;
  return Math.floor((thursday - firstOf(dateOf(thursday).year, 1)) / 7) + 1;
}

function weekdaysLeft(day: Day, end: Day): number {
  let left = 0;
  for (let later = day + 1; later < end; later++) if (weekday(later) < 5) left++;
  return left;
}

export const calendarFields: Readonly<Record<string, CalendarField>> = {
  calendar_day: { summary: "days since 1970-01-01", valueOn: (day) => day },
  calendar_year: { summary: "year", valueOn: (day) => dateOf(day).year },
  calendar_quarter: {
    summary: "quarter of the year, 1 to 4",
    valueOn: (day) => Math.ceil(dateOf(day).month / 3),
  },
  calendar_month: { summary: "month, 1 to 12", valueOn: (day) => dateOf(day).month },
  calendar_week: { summary: "ISO 8601 week of the year, 1 to 53", valueOn: isoWeek },
  calendar_weekday: { summary: "day of the week, Monday 0 to Sunday 6, as pandas counts", valueOn: weekday },
  calendar_month_day: { summary: "day of the month, 1 to 31", valueOn: (day) => dateOf(day).monthDay },
  calendar_year_day: {
    summary: "day of the year, 1 to 366",
    valueOn: (day) => day - firstOf(dateOf(day).year, 1) + 1,
  },
  calendar_month_length: {
    summary: "days in the month, 28 to 31",
    valueOn: (day) => {
      const { year, month } = dateOf(day);
      return firstOf(year, month + 1) - firstOf(year, month);
    },
  },
  calendar_weekdays_left: {
    summary: "Mondays to Fridays after this day in its month, holidays among them",
    valueOn: (day) => {
      const { year, month } = dateOf(day);
      return weekdaysLeft(day, firstOf(year, month + 1));
    },
  },
};

/** The field as a column of the panel, every instrument alike. */
export function calendarColumn(field: CalendarField, panel: Panel): Float32Array {
  const { days } = panel.time;
  const lanes = panel.instruments.length;
  const values = new Float32Array(days.length * lanes);
  for (let row = 0; row < days.length; row++) {
    // Intraday rows of one session share their date.
    if (row > 0 && days[row] === days[row - 1])
      values.copyWithin(row * lanes, (row - 1) * lanes, row * lanes);
    else values.fill(field.valueOn(days[row]!), row * lanes, (row + 1) * lanes);
  }
  return values;
}
