/**
 * A table as Parquet: `instrument` (VARCHAR), `datetime` (DATE, or TIMESTAMP of the bar's end within the day), then one
 * FLOAT or DOUBLE column a field, sorted by instrument, then time.
 * Missing numbers are NaN, not null: that is what they are in the store, and what pandas makes of either.
 */
import type { Compression, ParquetChunk, ParquetColumn } from "./parquet-file.ts";
import { writeParquet } from "./parquet-file.ts";
import type { TimeAxis } from "#panel/axes";
import type { Panel } from "#panel/panel";
import type { InstrumentSeries, SeriesTable, Values } from "../series-table.ts";
import { tableOfPanel } from "../series-table.ts";

export interface ParquetTableOptions {
  /** Type of all number columns; default each column's own. */
  readonly precision?: "f32" | "f64";
  /** Key–value metadata of the file: generation, engine, … */
  readonly metadata?: Readonly<Record<string, string>>;
  /** zstd unless told. */
  readonly compression?: Compression;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: {
    readonly instruments: number;
    readonly of: number;
    readonly rows: number;
  }) => void;
}

/** Rows gathered before they are handed on, so that instruments with few rows do not make small chunks. */
const CHUNK_ROWS = 32_768;

/** Writes a panel's own rows; returns how many. The file appears whole or not at all. */
export function writeFactorParquet(
  panel: Panel,
  path: string,
  options: ParquetTableOptions = {},
): Promise<number> {
  return writeTableParquet(tableOfPanel(panel), path, options);
}

/** As {@link writeFactorParquet}, one instrument in memory at a time. Throws DATA_DISK_FULL, DATA_NOT_PERMITTED, DATA_FILE_MISSING. */
export function writeTableParquet(
  table: SeriesTable,
  path: string,
  options: ParquetTableOptions = {},
): Promise<number> {
  const schema: ParquetColumn[] = [
    { name: "instrument", type: "VARCHAR" },
    { name: "datetime", type: table.time.minutes === undefined ? "DATE" : "TIMESTAMP" },
    ...table.fields.map(({ name, dtype }): ParquetColumn => ({
      name,
      type: (options.precision ?? dtype) === "f32" ? "FLOAT" : "DOUBLE",
    })),
  ];
  const { metadata, compression } = options;
  return writeParquet(path, schema, chunksOf(table, options), {
    ...(metadata === undefined ? {} : { metadata }),
    ...(compression === undefined ? {} : { compression }),
  });
}

async function* chunksOf(table: SeriesTable, options: ParquetTableOptions): AsyncGenerator<ParquetChunk> {
  const instruments: string[] = [];
  let waiting: InstrumentSeries[] = [];
  let rows = 0;
  let done = 0;
  for await (const series of table.series()) {
    options.signal?.throwIfAborted();
    instruments.push(series.instrument);
    waiting.push(series);
    rows += series.length;
    if (rows < CHUNK_ROWS) continue;
    yield chunkOf(table, waiting, { instruments, rows });
    done += rows;
    options.onProgress?.({ instruments: instruments.length, of: table.instruments, rows: done });
    waiting = [];
    rows = 0;
  }
  if (rows > 0) yield chunkOf(table, waiting, { instruments, rows });
}

function chunkOf(
  table: SeriesTable,
  parts: readonly InstrumentSeries[],
  whole: { readonly instruments: readonly string[]; readonly rows: number },
): ParquetChunk {
  const codes = new Int32Array(whole.rows);
  const columns = table.fields.map(({ dtype }): Values =>
    dtype === "f32" ? new Float32Array(whole.rows) : new Float64Array(whole.rows),
  );
  let code = whole.instruments.length - parts.length;
  let at = 0;
  for (const part of parts) {
    codes.fill(code++, at, at + part.length);
    for (const [index, { name }] of table.fields.entries()) columns[index]!.set(part.columns.get(name)!, at);
    at += part.length;
  }
  const dictionary = whole.instruments;
  return {
    rows: whole.rows,
    columns: [{ codes, dictionary }, momentsOf(table.time, parts, whole.rows), ...columns],
  };
}

const MICROS_PER_MINUTE = 60_000_000;
const MINUTES_PER_DAY = 1440;

function momentsOf(
  time: TimeAxis,
  parts: readonly InstrumentSeries[],
  rows: number,
): Int32Array | Float64Array {
  const { days, minutes } = time;
  const moments = minutes === undefined ? new Int32Array(rows) : new Float64Array(rows);
  let at = 0;
  for (const { first, length } of parts) {
    if (minutes === undefined) moments.set(days.subarray(first, first + length), at);
    else {
      for (let row = 0; row < length; row++) {
        moments[at + row] =
          (days[first + row]! * MINUTES_PER_DAY + minutes[first + row]!) * MICROS_PER_MINUTE;
      }
    }
    at += length;
  }
  return moments;
}
