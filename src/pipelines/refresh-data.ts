import { DataError } from "#data/errors";
import { importBars, type ImportProgress } from "#data/ingest/import-bars";
import type { ImportResult } from "#data/ingest/import-result";
import type { InspectionContext } from "#data/quality/finding";
import { inspectRows } from "#data/quality/inspect";
import { type QualityReport, QualityReportBuilder } from "#data/quality/quality-report";
import type { BarRequest, BarSource, SourceDescription } from "#data/source";
import { openBarSource } from "#data/sources/open-source";
import { isPostgresLocator } from "#data/sources/postgres/locator";
import { QlibBars } from "#data/sources/qlib-bin/bar-source";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import type { InstrumentId } from "#market/instrument";
import { dailyLimits } from "#market/trading-rules/daily-limits";
import type { KnownSource } from "./known-sources/known-source.ts";
import { fingerprintsOf, rememberImport, type SourceOrigin } from "./known-sources/remember-import.ts";
import { type QualityPages, writeQualityPages } from "./quality-pages.ts";
import { storeOf, type Workspace } from "./workspace.ts";

/**
 * The source of a locator: `parquet:`, `csv:`, `json:`, `excel:`, a bare path, `qlib:DIR`, or `postgres:SCHEMA.TABLE` of
 * the server in ALPHALOOM_SOURCE_URL.
 */
export async function openSource(locator: string, mapping?: string): Promise<BarSource> {
  if (isPostgresLocator(locator)) {
    // The driver is loaded by those who use it.
    const { openPostgresBars, sourceUrlOf } = await import("#data/sources/postgres/postgres-bars");
    return openPostgresBars(locator, { url: sourceUrlOf(), ...(mapping === undefined ? {} : { mapping }) });
  }
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
  /** Keeps the source in mind, with the fingerprints of its files, so that `refreshKnownSources` finds what changes. */
  readonly remember?: SourceOrigin;
  /** Added to the source's name in the quality report: an import of a part does not replace the report of the whole. */
  readonly part?: string;
  /** Wall clock in milliseconds, for `remember`. */
  readonly now?: () => number;
}

export interface RefreshedData {
  readonly result: ImportResult;
  /** What the rules found in the rows as they came; null for intraday bars, which they do not cover. */
  readonly quality: QualityReport | null;
  /** The report's files, by language of the page; null when there is none. */
  readonly pages: QualityPages | null;
  /** The source as it is remembered; null when that was not asked for, or not one row was taken. */
  readonly known: KnownSource | null;
}

/**
 * Imports a source into the store of its calendar and frequency, inspecting every row on the way; that store has a new
 * generation, or is as it was. The source is remembered and the quality report written after the commit. Throws what
 * `importBars` throws, and when the record or the report cannot be written.
 */
export async function refreshData(
  workspace: Workspace,
  source: BarSource,
  options: RefreshOptions,
): Promise<RefreshedData> {
  const description = await source.describe();
  options.onDescription?.(description);
  const { calendar: name, freq, locator, shape } = description;
  const calendar = calendarNamed(name);
  const { remember, request = {}, engine, now = Date.now, signal } = options;
  const looking = { now, signal };
  const files = remember === undefined ? [] : await fingerprintsOf(remember, looking);
  const store = storeOf(workspace, { calendar: name, freq });
  const builder = new QualityReportBuilder();
  const context = inspectionOf(description);
  await using writer = await store.writer();
  const result = await importBars(source, writer, {
    calendar,
    engine,
    request,
    quality: (rows, { listedOn }) =>
      inspectRows(rows, { ...context, ...(listedOn === undefined ? {} : { listedOn: () => listedOn }) }),
    onInspection: (inspection, fate) => builder.add(inspection, { refused: fate === "refused" }),
    ...(signal === undefined ? {} : { signal }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
  const known =
    remember === undefined
      ? null
      : await afterCommit(result, "the source is not remembered", () =>
          rememberImport({ workspace, origin: remember, request, files, result, engine }, looking),
        );
  if (freq !== "day") return { result, quality: null, pages: null, known };
  const part = options.part === undefined ? "" : ` (${options.part})`;
  const quality = builder.report({ source: locator + part, shape, calendar: name });
  const pages = await afterCommit(result, "its quality report is not", () =>
    writeQualityPages(workspace, { calendar: name, freq }, quality),
  );
  return { result, quality, pages, known };
}

/** What fails after the commit says that the import is stored all the same. */
async function afterCommit<T>(result: ImportResult, but: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const { code, remedy, place, message } = error;
    const found = `the import is stored as generation ${result.generation}, but ${but}: ${message}`;
    throw new DataError(code, found, { remedy, place, cause: error });
  }
}

/** What the rules of the quality report need to know about a daily source. */
export function inspectionOf({ calendar, adjustment }: SourceDescription): InspectionContext {
  return {
    calendar: calendarNamed(calendar),
    limits: (instrument, rows, status) => dailyLimits(instrument as InstrumentId, rows, status),
    adjustment: adjustment.kind,
    ...(adjustment.exDayTolerance === undefined ? {} : { exDayTolerance: adjustment.exDayTolerance }),
  };
}
