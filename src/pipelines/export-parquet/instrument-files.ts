import { join } from "node:path";
import { DataError } from "#data/errors";
import { makeFolder } from "#data/export/atomic-file";
import { writeParquet, type ParquetColumn } from "#data/export/parquet/parquet-file";
import type { InstrumentSeries } from "#data/export/series-table";
import type { OpenedStore } from "#data/store/open-store";
import type { StoreSnapshot } from "#data/store/panel-store";
import { isoOf } from "#market/day";
import { FeatureReader } from "../read-features/feature-reader.ts";
import { contentOf, startingIndex, type ParquetExport, type ParquetExportReport } from "./export-content.ts";
import { ExportChanges } from "./export-changes.ts";
import { contentSum, removeGone, sizeOf } from "./export-files.ts";
import { readExportIndex, writeExportIndex, type ExportEntry, type ExportIndex } from "./export-index.ts";
import { exportFields, exportSeries, type SeriesSource } from "./export-series.ts";
import { pandasMetadata } from "./pandas-metadata.ts";

/**
 * One Parquet file per instrument, `stock_data/000001_SZ.parquet`: the column `date`, which pandas takes for the index, the
 * bars, and factors if asked for; `index.json` says where each lies. A file appears whole or not at all. What an earlier
 * export wrote and did not change since is left alone, also when that export was broken off.
 * Throws STORE_MISSING, STORE_FIELD_MISSING, FACTOR_UNKNOWN, DATA_FILE_DAMAGED, DATA_DISK_FULL, DATA_NOT_PERMITTED.
 */
export async function exportInstrumentFiles(
  store: OpenedStore,
  folder: string,
  options: ParquetExport,
): Promise<ParquetExportReport> {
  const { registry, engine, signal } = options;
  await using snapshot = await store.snapshot();
  const content = contentOf(snapshot, options);
  const names = namesOf(snapshot);
  const known = await readExportIndex(folder);
  const index = startingIndex(known, { snapshot, layout: "instrument", content });
  makeFolder(join(folder, FOLDER));
  const removed = await removeGone(folder, known, new Set(names.values()));
  await using changes = new ExportChanges(store, snapshot, { content, registry });
  const entries = await currentEntries(index, { snapshot, folder, changes });
  const listed = snapshot.instruments.filter(({ first, last }) => first <= last);
  const due = listed.filter(({ id }) => entries[id] === undefined);
  const reader = new FeatureReader(store, { registry, engine, cacheBytes: 0 });
  const source = { snapshot, reader, content, ...(signal === undefined ? {} : { signal }) };
  let written = 0;
  let sinceIndex = 0;
  for (const batch of Map.groupBy(due, ({ block }) => block).values()) {
    const files = batch.map(({ id }) => [id, names.get(id)!] as const);
    for (const [id, entry] of await writeFiles(source, folder, new Map(files))) entries[id] = entry;
    written += batch.length;
    sinceIndex += batch.length;
    options.onFiles?.(listed.length - due.length + written, listed.length);
    if (sinceIndex < INDEX_EVERY) continue;
    await writeExportIndex(folder, { ...index, entries: sorted({ ...index.entries, ...entries }) });
    sinceIndex = 0;
  }
  const all = Object.values(entries);
  const isNew = written + removed > 0 || known?.generation !== snapshot.generation;
  if (isNew)
    await writeExportIndex(folder, { ...index, generation: snapshot.generation, entries: sorted(entries) });
  return {
    generation: snapshot.generation,
    written,
    unchanged: listed.length - due.length,
    removed,
    rows: all.reduce((sum, { rows }) => sum + rows, 0),
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

const FOLDER = "stock_data";
/** Files that are written at the same time: each waits for the disk. */
const FILES_AT_ONCE = 8;
/** Files after which the index is written, so that an export that is broken off goes on from there. */
const INDEX_EVERY = 256;

/** File of each instrument: its id with `_` for the dot. Throws DATA_VALUE_INVALID when two ids give one name. */
function namesOf(snapshot: StoreSnapshot): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const { id } of snapshot.instruments) {
    const file = `${FOLDER}/${id.replaceAll(".", "_")}.parquet`;
    const other = taken.get(file.toLowerCase());
    if (other !== undefined) {
      throw new DataError("DATA_VALUE_INVALID", `${other} and ${id} would be one file, ${file}`, {
        remedy: "export them from two stores into two folders",
        place: { instrument: id },
      });
    }
    taken.set(file.toLowerCase(), id);
    names.set(id, file);
  }
  return names;
}

/** Entries whose files are there and made of nothing that was written since: they are of this generation as well. */
async function currentEntries(
  index: ExportIndex,
  now: { readonly snapshot: StoreSnapshot; readonly folder: string; readonly changes: ExportChanges },
): Promise<Record<string, ExportEntry>> {
  const { snapshot, folder, changes } = now;
  const { days } = snapshot.time;
  const found: Record<string, ExportEntry> = {};
  for (const { id, block, first, last } of snapshot.instruments) {
    const entry = index.entries[id];
    if (entry === undefined || first > last || entry.generation > snapshot.generation) continue;
    if (entry.start !== isoOf(days[first]!) || entry.end !== isoOf(days[last]!)) continue;
    if (entry.rows !== last - first + 1) continue;
    if ((await changes.since(entry.generation, block)) !== null) continue;
    if ((await sizeOf(join(folder, entry.file))) !== entry.bytes) continue;
    found[id] = { ...entry, generation: snapshot.generation };
  }
  return found;
}

/** Writes the files of some instruments, by id, a few at a time. */
async function writeFiles(
  source: SeriesSource,
  folder: string,
  files: ReadonlyMap<string, string>,
): Promise<readonly (readonly [string, ExportEntry])[]> {
  const { days } = source.snapshot.time;
  const series = await Array.fromAsync(exportSeries(source, [...files.keys()], { from: 0, to: days.length }));
  const written: (readonly [string, ExportEntry])[] = [];
  const waiting = series.values();
  const writeOn = async (): Promise<void> => {
    for (const each of waiting) {
      source.signal?.throwIfAborted();
      const file = files.get(each.instrument)!;
      written.push([each.instrument, await writeFile(source, each, { folder, file })]);
    }
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, writeOn));
  return written;
}

async function writeFile(
  { snapshot, content }: SeriesSource,
  { instrument, first, length, columns }: InstrumentSeries,
  place: { readonly folder: string; readonly file: string },
): Promise<ExportEntry> {
  const path = join(place.folder, place.file);
  const { time, generation } = snapshot;
  const days = time.days.subarray(first, first + length);
  const minutes = time.minutes?.subarray(first, first + length);
  const dates = Float64Array.from(
    days,
    (day, row) => (day * MINUTES_PER_DAY + (minutes?.[row] ?? 0)) * MICROS_PER_MINUTE,
  );
  const numbers = exportFields(content).map(
    ({ name, dtype }) => ({ name, type: dtype === "f32" ? "FLOAT" : "DOUBLE" }) satisfies ParquetColumn,
  );
  await writeParquet(
    path,
    [{ name: "date", type: "TIMESTAMP" }, ...numbers],
    [{ rows: length, columns: [dates, ...numbers.map(({ name }) => columns.get(name)!)] }],
    {
      compression: content.compression,
      metadata: {
        instrument,
        generation: String(generation),
        prices: content.prices,
        pandas: pandasMetadata("date", numbers),
      },
    },
  );
  const span = { start: isoOf(days[0]!), end: isoOf(days.at(-1)!), rows: length };
  return { file: place.file, ...span, ...(await contentSum(path)), generation };
}

const MINUTES_PER_DAY = 1440;
const MICROS_PER_MINUTE = 60_000_000;

function sorted(entries: Readonly<Record<string, ExportEntry>>): Record<string, ExportEntry> {
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
}
