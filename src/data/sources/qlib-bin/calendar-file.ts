/**
 * `calendars/<freq>.txt` of a Qlib directory: one bar time a line, `YYYY-MM-DD` for days and
 * `YYYY-MM-DD HH:MM:SS` within the day, strictly increasing. Row numbers of the `.bin` files point into it.
 */
import { DataError } from "#data/errors";
import { isoOf, parseDay } from "#market/day";
import type { Frequency, TimeAxis } from "#panel/axes";
import { readLines } from "./readable-file.ts";

const TIME = /^(\d{2}):(\d{2})(?::\d{2})?$/;

/** Reads a calendar. Throws DATA_FILE_MISSING, DATA_DATE_INVALID, DATA_FILE_DAMAGED (empty or not increasing), naming the row. */
export function readCalendarFile(file: string, freq: Frequency): TimeAxis {
  const lines = readLines(
    file,
    "a Qlib directory has calendars/<freq>.txt; give the provider directory itself",
  );
  if (lines.length === 0) {
    throw new DataError("DATA_FILE_DAMAGED", `${file} holds no session`, {
      remedy: "dump the directory again; its calendar is empty",
      place: { file },
    });
  }
  const intraday = freq !== "day";
  const days = new Int32Array(lines.length);
  const minutes = new Int16Array(intraday ? lines.length : 0);
  let before = Number.NEGATIVE_INFINITY;
  for (const [row, line] of lines.entries()) {
    const [date = "", clock = "00:00"] = line.trim().split(/[ T]/);
    const day = parseDay(date);
    const time = TIME.exec(clock);
    if (Number.isNaN(day) || time === null) {
      throw new DataError("DATA_DATE_INVALID", `${file} row ${row + 1}: "${line}" is not a date`, {
        remedy: intraday ? "write YYYY-MM-DD HH:MM:SS, one a line" : "write YYYY-MM-DD, one a line",
        place: { file, row: row + 1 },
      });
    }
    const minute = intraday ? Number(time[1]) * 60 + Number(time[2]) : 0;
    const moment = day * 1440 + minute;
    if (moment <= before) {
      throw new DataError(
        "DATA_FILE_DAMAGED",
        `${file} row ${row + 1}: ${isoOf(day)} does not come after the row before it`,
        { remedy: "sort the calendar and remove duplicates, or dump again", place: { file, row: row + 1 } },
      );
    }
    before = moment;
    days[row] = day;
    if (intraday) minutes[row] = minute;
  }
  return intraday ? { freq, days, minutes } : { freq, days };
}
