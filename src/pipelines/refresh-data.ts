import { importBars, type ImportProgress } from "#data/ingest/import-bars";
import type { ImportFinding, ImportResult } from "#data/ingest/import-result";
import type { IncomingRows } from "#data/ingest/incoming-rows";
import type { BarRequest, BarSource, SourceDescription } from "#data/source";
import { openBarSource } from "#data/sources/open-source";
import { QlibBars } from "#data/sources/qlib-bin/bar-source";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { storeOf, type Workspace } from "./workspace.ts";

/** The source of a locator: `parquet:`, `csv:`, `json:`, `excel:`, a bare path, or `qlib:DIR`. */
export async function openSource(locator: string, mapping?: string): Promise<BarSource> {
  if (locator.startsWith("qlib:")) return new QlibBars(locator.slice("qlib:".length), locator);
  return openBarSource(locator, mapping === undefined ? {} : { mapping });
}

export interface RefreshOptions {
  /** Version of this engine, stamped into the lineage. */
  readonly engine: string;
  readonly request?: BarRequest;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ImportProgress) => void;
  /** Told what was recognised before anything is read. */
  readonly onDescription?: (description: SourceDescription) => void;
  /** Rules of the quality report, over the rows of one instrument. */
  readonly inspect?: (rows: IncomingRows, days: Int32Array) => readonly ImportFinding[];
}

/** Imports a source into the store of its calendar and frequency; that store has a new generation, or is as it was. */
export async function refreshData(
  workspace: Workspace,
  source: BarSource,
  options: RefreshOptions,
): Promise<ImportResult> {
  const description = await source.describe();
  options.onDescription?.(description);
  const { calendar: name, freq } = description;
  const store = storeOf(workspace, { calendar: name, freq });
  await using writer = await store.writer();
  return await importBars(source, writer, {
    calendar: calendarNamed(name),
    engine: options.engine,
    ...(options.request === undefined ? {} : { request: options.request }),
    ...(options.inspect === undefined ? {} : { inspect: options.inspect }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
}
