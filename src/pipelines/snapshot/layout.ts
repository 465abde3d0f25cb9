/** Names and small files of a snapshot's folder. */
import path from "node:path";
import { writeAtomically } from "#data/export/atomic-file";
import { byText } from "#data/export/series-table";
import { isoOf, type Day } from "#market/day";

export const DAILY_FILE = "daily_pv.h5";
export const LABELS_FILE = "labels.h5";
export const INSTRUMENTS_FILE = "instruments/all.txt";
export const CALENDAR_FILE = "calendars/day.txt";
export const PARQUET_FILE = "daily_pv.parquet";
export const QLIB_FOLDER = "qlib_bin";
/** As RD-Agent calls its two folders; each holds `daily_pv.h5` and `README.md` and nothing it cannot describe. */
export const RDAGENT_FULL = "factor_implementation_source_data";
export const RDAGENT_DEBUG = "factor_implementation_source_data_debug";
/** Name of the object in every file. */
export const FRAME_KEY = "data";

export interface ListedSpan {
  /** In the snapshot's spelling. */
  readonly code: string;
  readonly first: Day;
  readonly last: Day;
}

/** Qlib splits at TAB and only there; sorted by code. */
export function instrumentsText(spans: readonly ListedSpan[]): string {
  return [...spans]
    .sort((a, b) => byText(a.code, b.code))
    .map(({ code, first, last }) => `${code}\t${isoOf(first)}\t${isoOf(last)}\n`)
    .join("");
}

export function calendarText(sessions: readonly Day[]): string {
  return sessions.map((day) => `${isoOf(day)}\n`).join("");
}

/** Writes `instruments/all.txt` and `calendars/day.txt` below a folder. */
export async function writeListings(
  folder: string,
  listings: { readonly spans: readonly ListedSpan[]; readonly sessions: readonly Day[] },
): Promise<void> {
  await writeAtomically(path.join(folder, INSTRUMENTS_FILE), [instrumentsText(listings.spans)]);
  await writeAtomically(path.join(folder, CALENDAR_FILE), [calendarText(listings.sessions)]);
}
