import { DataError } from "#data/errors";
import { importBars, type ImportProgress } from "#data/ingest/import-bars";
import type { ImportResult } from "#data/ingest/import-result";
import { inspectRows } from "#data/quality/inspect";
import type { QualityReport } from "#data/quality/quality-report";
import { QualityReportBuilder } from "#data/quality/quality-report";
import type { BarRequest, BarSource, SourceDescription } from "#data/source";
import { openBarSource } from "#data/sources/open-source";
import { QlibBars } from "#data/sources/qlib-bin/bar-source";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { writeQualityReport, type QualityFiles } from "./quality-files.ts";
import { inspectionContextOf } from "./quality-rules.ts";
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
}

export interface RefreshResult extends ImportResult {
  /** What the quality rules found and where it is written; null for intraday bars, of which no daily inspection is made. */
  readonly quality: { readonly report: QualityReport; readonly files: QualityFiles } | null;
}

/**
 * Imports a source into the store of its calendar and frequency; that store has a new generation, or is as it was. Every
 * row of a daily source goes through the quality rules on its way: what they drop is not stored, and their report is
 * written once the import is committed. Throws what `importBars` throws, and when the report cannot be written.
 */
export async function refreshData(
  workspace: Workspace,
  source: BarSource,
  options: RefreshOptions,
): Promise<RefreshResult> {
  const description = await source.describe();
  options.onDescription?.(description);
  const { calendar, freq, locator, shape } = description;
  const key = { calendar, freq };
  const context = inspectionContextOf(description);
  const builder = new QualityReportBuilder();
  await using writer = await storeOf(workspace, key).writer();
  const result = await importBars(source, writer, {
    calendar: calendarNamed(calendar),
    engine: options.engine,
    quality: (rows, { listedOn }) => inspectRows(rows, { ...context, listedOn: () => listedOn }),
    onInspection: (inspection, fate) => builder.add(inspection, { refused: fate === "refused" }),
    ...(options.request === undefined ? {} : { request: options.request }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
  if (freq !== "day") return { ...result, quality: null };
  const report = builder.report({ source: locator, shape, calendar });
  const { generation } = result;
  try {
    const files = await writeQualityReport(workspace, key, { ...report, generation });
    return { ...result, quality: { report, files } };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const found = `the import is stored as generation ${generation}, but its quality report is not: ${error.message}`;
    throw new DataError(error.code, found, { remedy: error.remedy, place: error.place, cause: error });
  }
}
