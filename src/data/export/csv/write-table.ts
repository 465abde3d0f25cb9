/**
 * A table as CSV: `instrument,datetime,<fields>`, sorted by instrument, then time. Numbers are the shortest text that
 * reads back as the same number of the column's own type; missing ones are empty, infinities `inf` and `-inf`.
 */
import { DataError } from "#data/errors";
import { isoOf } from "#market/day";
import type { TimeAxis } from "#panel/axes";
import { writeAtomically } from "../atomic-file.ts";
import type { InstrumentSeries, SeriesTable, Values } from "../series-table.ts";

export interface CsvTableOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: {
    readonly instruments: number;
    readonly of: number;
    readonly rows: number;
  }) => void;
}

/** Writes the table; returns the rows. The file appears whole or not at all. Throws DATA_DISK_FULL, DATA_NOT_PERMITTED. */
export async function writeTableCsv(
  table: SeriesTable,
  path: string,
  options: CsvTableOptions = {},
): Promise<number> {
  let rows = 0;
  async function* lines(): AsyncGenerator<string> {
    yield `${["instrument", "datetime", ...table.fields.map(({ name }) => name)].map(quoted).join(",")}\n`;
    let instruments = 0;
    for await (const series of table.series()) {
      options.signal?.throwIfAborted();
      yield linesOf(table, series);
      rows += series.length;
      options.onProgress?.({ instruments: ++instruments, of: table.instruments, rows });
    }
  }
  await writeAtomically(path, lines());
  return rows;
}

function linesOf(table: SeriesTable, series: InstrumentSeries): string {
  const columns = table.fields.map(({ name }) => {
    const values = series.columns.get(name);
    if (values !== undefined) return values;
    throw new DataError("STORE_DAMAGED", `${series.instrument} has no column ${name}`, {
      remedy: "run verify",
    });
  });
  const instrument = quoted(series.instrument);
  let text = "";
  for (let row = 0; row < series.length; row++) {
    text += `${instrument},${momentOf(table.time, series.first + row)}`;
    for (const values of columns) text += `,${numberText(values, row)}`;
    text += "\n";
  }
  return text;
}

function momentOf(time: TimeAxis, row: number): string {
  const day = isoOf(time.days[row]!);
  const minute = time.minutes?.[row];
  if (minute === undefined) return day;
  return `${day} ${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}:00`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

function numberText(values: Values, row: number): string {
  const value = values[row]!;
  if (Number.isNaN(value)) return "";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0";
  if (values instanceof Float64Array) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

function quoted(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
