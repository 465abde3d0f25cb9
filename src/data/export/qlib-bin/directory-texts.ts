/** The text files of a Qlib directory: `calendars/<freq>.txt` and `instruments/<market>.txt`. */
import { isoOf } from "#market/day";
import type { TimeAxis } from "#panel/axes";

/** One line of a market file; days as Qlib writes them. */
export interface MarketLine {
  readonly code: string;
  readonly start: string;
  readonly end: string;
}

/** TAB-separated, the only separator that Qlib reads. */
export function marketText(lines: readonly MarketLine[]): string {
  return lines.map(({ code, start, end }) => `${code}\t${start}\t${end}\n`).join("");
}

export function calendarText(time: TimeAxis): string {
  return Array.from(time.days, (_, row) => `${momentOf(time, row)}\n`).join("");
}

/** `YYYY-MM-DD`, with the time of the bar's end when the axis has minutes. */
export function momentOf(time: TimeAxis, row: number): string {
  const day = isoOf(time.days[row]!);
  const minute = time.minutes?.[row];
  if (minute === undefined) return day;
  return `${day} ${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}:00`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
