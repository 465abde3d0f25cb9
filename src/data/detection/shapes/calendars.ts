/** Lists of sessions or holidays. */
import { parseDay } from "#market/day";
import { calendarMappingSchema, type DateFormat } from "../../mapping/mapping.ts";
import { calendarOfDays } from "../evidence/calendars.ts";
import { sampledDateFormat } from "../evidence/dates.ts";
import { dayExpression } from "../../sources/date-expression.ts";
import type { Recogniser, Sample } from "../recognition.ts";

export const tradingDays: Recogniser = {
  name: "trading-days",
  async recognise(sample) {
    const { names } = sample;
    const isOpen = names.column("is_open") ?? names.column("isopen") ?? names.column("is_trading_day");
    const date = names.column("cal_date") ?? names.column("calendar_date") ?? names.role("date");
    if (isOpen === undefined || date === undefined) return null;
    return calendar(sample, {
      date,
      isOpen,
      shape: "trading-days",
      why: `${date} with ${isOpen} lists days and whether the exchange was open`,
    });
  },
};

export const sessionHours: Recogniser = {
  name: "session-hours",
  async recognise(sample) {
    const { names, head } = sample;
    const [date, open, close] = [names.role("date"), names.column("open"), names.column("close")];
    if (date === undefined || open === undefined || close === undefined) return null;
    const clocks =
      head.length > 0 &&
      head.every((row) => /^\d{2}:\d{2}$/.test(row[open] ?? "") && /^\d{2}:\d{2}$/.test(row[close] ?? ""));
    if (!clocks) return null;
    return calendar(sample, {
      date,
      shape: "session-hours",
      why: `${open} and ${close} are times of the day: the hours of each session`,
    });
  },
};

/** Closed weekdays: a calendar's complement. */
export const holidays: Recogniser = {
  name: "holidays",
  recognise(sample) {
    const { names, head, reading } = sample;
    const [exchange, date] = [names.column("exchange"), names.role("date")];
    if (names.all.length !== 2 || exchange === undefined || date === undefined) return Promise.resolve(null);
    const days = head.map((row) => parseDay(row[date] ?? ""));
    if (days.length === 0 || days.some(Number.isNaN)) return Promise.resolve(null);
    return Promise.resolve({
      shape: "holidays",
      mapping: calendarMappingSchema.parse({
        kind: "calendar",
        shape: "holidays",
        reading,
        date: { column: date, format: "YYYY-MM-DD" },
      }),
      reasons: [`${exchange} and ${date} list single days by exchange without anything else: closures`],
      doubts: ["the dates are closures, not sessions; the built-in calendars know them"],
    });
  },
};

async function calendar(
  sample: Sample,
  found: { readonly date: string; readonly isOpen?: string; readonly shape: string; readonly why: string },
) {
  const { relation, database, reading } = sample;
  if (relation === null) return null;
  const format: DateFormat | null = sampledDateFormat(sample, found.date);
  if (format === null) return null;
  const type = relation.columns.find(({ name }) => name === found.date)!.type;
  const day = dayExpression({ name: found.date, type, format });
  const open =
    found.isOpen === undefined ? "" : ` WHERE CAST("${found.isOpen}" AS VARCHAR) IN ('1', '1.0', 'true')`;
  const rows = await database.rows(`SELECT ${day} AS d FROM ${relation.sql}${open} ORDER BY 1`);
  const days = rows.map((row) => Number(row["d"]));
  const evidence = calendarOfDays(days, null);
  return {
    shape: found.shape,
    mapping: calendarMappingSchema.parse({
      kind: "calendar",
      shape: found.shape,
      reading,
      date: { column: found.date, format },
      isOpen: found.isOpen,
      calendar: evidence?.calendar,
    }),
    reasons: [found.why, ...(evidence?.reasons ?? [])],
    doubts: evidence === null ? ["the dates agree with no built-in calendar"] : evidence.doubts,
  };
}
