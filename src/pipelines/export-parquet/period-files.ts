import { join } from "node:path";
import { makeFolder } from "#data/export/atomic-file";
import { writeTableParquet } from "#data/export/parquet/write-table";
import { byText } from "#data/export/series-table";
import type { OpenedStore } from "#data/store/open-store";
import type { RowRange, StoreSnapshot } from "#data/store/panel-store";
import { isoOf, type Day } from "#market/day";
import { FeatureReader } from "../read-features/feature-reader.ts";
import { contentOf, startingIndex, type ParquetExport, type ParquetExportReport } from "./export-content.ts";
import { ExportChanges } from "./export-changes.ts";
import { contentSum, removeGone, sizeOf } from "./export-files.ts";
import { readExportIndex, writeExportIndex, type ExportEntry, type ExportLayout } from "./export-index.ts";
import { exportFields, exportSeries, type SeriesSource } from "./export-series.ts";

export type Period = Exclude<ExportLayout, "instrument">;

/**
 * One Parquet file per month, quarter or year, `periods/2024-01.parquet`: `instrument`, `datetime`, the bars, and factors
 * if asked for, sorted by instrument, then time; otherwise as `exportInstrumentFiles`.
 */
export async function exportPeriodFiles(
  store: OpenedStore,
  folder: string,
  options: ParquetExport & { readonly period: Period },
): Promise<ParquetExportReport> {
  const { registry, engine, signal, period } = options;
  await using snapshot = await store.snapshot();
  const content = contentOf(snapshot, options);
  const known = await readExportIndex(folder);
  const index = startingIndex(known, { snapshot, layout: period, content });
  const periods = periodsOf(snapshot, period);
  makeFolder(join(folder, FOLDER));
  const removed = await removeGone(folder, known, new Set([...periods.keys()].map(fileOf)));
  await using changes = new ExportChanges(store, snapshot, { content, registry });
  const reader = new FeatureReader(store, { registry, engine, cacheBytes: 0 });
  const source = { snapshot, reader, content, ...(signal === undefined ? {} : { signal }) };
  const entries: Record<string, ExportEntry> = {};
  let written = 0;
  for (const [name, rows] of periods) {
    signal?.throwIfAborted();
    const entry = index.entries[name];
    const isCurrent = entry !== undefined && (await isUnchanged(entry, { snapshot, folder, rows, changes }));
    entries[name] = isCurrent
      ? { ...entry, generation: snapshot.generation }
      : await writePeriod(source, rows, { folder, file: fileOf(name) });
    if (!isCurrent) {
      written++;
      await writeExportIndex(folder, { ...index, entries: { ...index.entries, ...entries } });
    }
    options.onFiles?.(Object.keys(entries).length, periods.size);
  }
  if (written + removed > 0 || known?.generation !== snapshot.generation)
    await writeExportIndex(folder, { ...index, generation: snapshot.generation, entries });
  const all = Object.values(entries);
  return {
    generation: snapshot.generation,
    written,
    unchanged: periods.size - written,
    removed,
    rows: all.reduce((sum, { rows }) => sum + rows, 0),
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

const FOLDER = "periods";
/** Instruments whose series are in memory together. */
const BATCH = 64;

const fileOf = (period: string): string => `${FOLDER}/${period}.parquet`;

/** Rows of each period by its name, in order. */
function periodsOf({ time }: StoreSnapshot, period: Period): ReadonlyMap<string, RowRange> {
  const periods = new Map<string, RowRange>();
  for (const [row, day] of time.days.entries()) {
    const name = periodName(day, period);
    periods.set(name, { from: periods.get(name)?.from ?? row, to: row + 1 });
  }
  return periods;
}

function periodName(day: Day, period: Period): string {
  const [year, month] = isoOf(day).split("-");
  if (period === "year") return year!;
  return period === "month" ? `${year}-${month}` : `${year}-Q${Math.ceil(Number(month) / 3)}`;
}

/** Rows of all instruments inside a period. */
function rowsIn({ instruments }: StoreSnapshot, { from, to }: RowRange): number {
  return instruments.reduce(
    (sum, { first, last }) => sum + Math.max(0, Math.min(last + 1, to) - Math.max(first, from)),
    0,
  );
}

async function isUnchanged(
  entry: ExportEntry,
  now: {
    readonly snapshot: StoreSnapshot;
    readonly folder: string;
    readonly rows: RowRange;
    readonly changes: ExportChanges;
  },
): Promise<boolean> {
  const { snapshot, folder, rows, changes } = now;
  if (entry.generation > snapshot.generation || entry.rows !== rowsIn(snapshot, rows)) return false;
  for (let block = 0; block < snapshot.blocks; block++) {
    const touched = await changes.since(entry.generation, block);
    if (touched !== null && touched.from < rows.to && rows.from < touched.to) return false;
  }
  return (await sizeOf(join(folder, entry.file))) === entry.bytes;
}

async function writePeriod(
  source: SeriesSource,
  rows: RowRange,
  place: { readonly folder: string; readonly file: string },
): Promise<ExportEntry> {
  const { snapshot, content, signal } = source;
  const { time, generation } = snapshot;
  const listed = snapshot.instruments
    .filter(({ first, last }) => first < rows.to && last >= rows.from)
    .map(({ id }) => id)
    .sort(byText);
  const path = join(place.folder, place.file);
  const table = {
    time,
    fields: exportFields(content),
    instruments: listed.length,
    async *series() {
      for (let from = 0; from < listed.length; from += BATCH)
        yield* exportSeries(source, listed.slice(from, from + BATCH), rows);
    },
  };
  const count = await writeTableParquet(table, path, {
    compression: content.compression,
    metadata: { generation: String(generation), prices: content.prices },
    ...(signal === undefined ? {} : { signal }),
  });
  const { days } = time;
  const span = { start: isoOf(days[rows.from]!), end: isoOf(days[rows.to - 1]!), rows: count };
  return { file: place.file, ...span, ...(await contentSum(path)), generation };
}
