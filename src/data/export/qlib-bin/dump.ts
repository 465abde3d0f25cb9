/**
 * Writes a Qlib provider directory: `calendars/day.txt`, `instruments/all.txt` (TAB-separated) and
 * `features/<code>/<field>.day.bin`, byte for byte what Qlib's own dumper makes from the same rows.
 * The directory is built aside and put in place when it is complete.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DataError } from "#data/errors";
import { asDataError } from "#data/system-errors";
import type { Day } from "#market/day";
import { isoOf } from "#market/day";
import { besidePlace, makeFolder, removePart } from "../atomic-file.ts";
import type { InstrumentSeries, SeriesTable, Values } from "../series-table.ts";
import { byText } from "../series-table.ts";
import { calendarText, marketText, momentOf, type MarketLine } from "./directory-texts.ts";
import { encodeFeatureInto } from "./feature-bytes.ts";
import { featureFolder, featureNames } from "./feature-name.ts";
import { flushTree } from "./flush-tree.ts";
import { recoverDirectory, replaceDirectory } from "./replace-directory.ts";

export interface QlibDumpOptions {
  /** How an instrument is written; default unchanged. The folder is its lower case. */
  readonly codeOf?: (instrument: string) => string;
  /** Further files of `instruments/`: market → spans, both days inclusive. */
  readonly markets?: ReadonlyMap<string, readonly { instrument: string; start: Day; end: Day }[]>;
  /** Further features of the same instruments, on the same rows: factors. */
  readonly added?: readonly SeriesTable[];
  /** Further files by their path in the directory, such as `export.json`. */
  readonly files?: ReadonlyMap<string, string>;
  /** Called with the finished directory before it is put in place. */
  readonly beforePlacing?: (built: string) => void;
  /** Replaces a Qlib directory that is already there; without it that is an error. */
  readonly overwrite?: boolean;
  /** Flushes every file to the disk before the directory is put in place. Default true. */
  readonly durable?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: { readonly instruments: number; readonly of: number }) => void;
}

export interface QlibDumpResult {
  readonly instruments: number;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Dumps a table. Every instrument's own rows are written, suspended days included as NaN.
 * Throws DATA_NOT_PERMITTED (the place is taken), DATA_VALUE_INVALID (a field's name), DATA_INSTRUMENT_TWICE,
 * DATA_DISK_FULL; whatever fails, the place is as it was.
 */
export async function dumpQlib(
  dir: string,
  table: SeriesTable,
  options: QlibDumpOptions = {},
): Promise<QlibDumpResult> {
  const tables = [table, ...(options.added ?? [])];
  const names = featureNames(tables.flatMap(({ fields }) => fields.map((field) => field.name)));
  const place = path.resolve(dir);
  const built = besidePlace(place);
  try {
    makeFolder(path.dirname(place));
    recoverDirectory(place);
    checkPlace(place, options.overwrite ?? false);
    removePart(built);
    mkdirSync(built);
    const result = await build(built, table, { ...options, names });
    replaceDirectory(built, place);
    return result;
  } catch (error) {
    removePart(built);
    throw asDataError(error, { file: place, doing: "write" });
  }
}

/** Only an empty folder, or with `overwrite` another Qlib directory, may be replaced. */
function checkPlace(place: string, overwrite: boolean): void {
  if (!existsSync(place) || readdirSync(place).length === 0) return;
  const isQlib = existsSync(path.join(place, "calendars")) && existsSync(path.join(place, "features"));
  if (overwrite && isQlib) return;
  throw new DataError(
    "DATA_NOT_PERMITTED",
    `${place} already holds ${isQlib ? "a Qlib directory" : "other files"}`,
    {
      remedy: isQlib ? "give --overwrite to replace it, or another directory" : "give another directory",
      place: { file: place },
    },
  );
}

async function build(
  root: string,
  table: SeriesTable,
  options: QlibDumpOptions & { readonly names: ReadonlyMap<string, string> },
): Promise<QlibDumpResult> {
  const { time } = table;
  const codeOf = options.codeOf ?? ((instrument: string) => instrument);
  const files = new FeatureFiles();
  const taken = new Set<string>();
  const spans: MarketLine[] = [];
  const folders = new Map<string, string>();
  const writeSeries = ({ columns, first, instrument }: InstrumentSeries): void => {
    const folder = folders.get(instrument)!;
    for (const [field, values] of columns)
      files.write(path.join(folder, `${options.names.get(field)!}.${time.freq}.bin`), first, values);
  };
  for await (const series of table.series()) {
    options.signal?.throwIfAborted();
    const code = codeOf(series.instrument).toUpperCase();
    const folder = path.join(root, "features", featureFolder(code, taken));
    mkdirSync(folder, { recursive: true });
    folders.set(series.instrument, folder);
    writeSeries(series);
    const last = series.first + series.length - 1;
    spans.push({ code, start: momentOf(time, series.first), end: momentOf(time, last) });
    options.onProgress?.({ instruments: spans.length, of: table.instruments });
  }
  for (const { series } of options.added ?? []) {
    for await (const each of series()) {
      options.signal?.throwIfAborted();
      if (folders.has(each.instrument)) writeSeries(each);
    }
  }
  spans.sort((a, b) => byText(a.code, b.code));
  files.text(path.join(root, "calendars", `${time.freq}.txt`), calendarText(time));
  files.text(path.join(root, "instruments", "all.txt"), marketText(spans));
  for (const [market, members] of options.markets ?? []) {
    const rows = members.map(({ instrument, start, end }) => ({
      code: codeOf(instrument).toUpperCase(),
      start: isoOf(start),
      end: isoOf(end),
    }));
    files.text(path.join(root, "instruments", `${featureFolder(market, new Set())}.txt`), marketText(rows));
  }
  for (const [file, text] of options.files ?? []) files.text(path.join(root, file), text);
  mkdirSync(path.join(root, "features"), { recursive: true });
  options.beforePlacing?.(root);
  if (options.durable ?? true) await flushTree(root, files.count);
  return { instruments: spans.length, files: files.count, bytes: files.bytes };
}

/** Writes small files one after the other through one buffer; synchronous calls are several times faster here. */
class FeatureFiles {
  count = 0;
  bytes = 0;
  #words = new DataView(new ArrayBuffer(1 << 16));

  write(file: string, start: number, values: Values): void {
    const size = 4 + values.length * 4;
    if (size > this.#words.byteLength) this.#words = new DataView(new ArrayBuffer(size * 2));
    encodeFeatureInto(this.#words, start, values);
    this.#put(file, new Uint8Array(this.#words.buffer, 0, size));
  }

  text(file: string, text: string): void {
    mkdirSync(path.dirname(file), { recursive: true });
    this.#put(file, new TextEncoder().encode(text));
  }

  #put(file: string, data: Uint8Array): void {
    this.count++;
    this.bytes += data.length;
    writeFileSync(file, data);
  }
}
