/** Opens a source by locator: with a mapping, or by recognising what is there. */
import { detect } from "../detection/detect.ts";
import type { DatabaseOptions } from "../duckdb/database.ts";
import { DataError } from "../errors.ts";
import { readMappingFile } from "../mapping/mapping-file.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { MappedBars } from "./bars/mapped-bars.ts";
import { parseLocator, resolveFiles, type SourceFile } from "./locator.ts";
import { MappedReference } from "./reference/reference-source.ts";

export interface OpenOptions {
  /** A mapping, or the path of a mapping file; without it the shape is recognised. */
  readonly mapping?: Mapping | string;
  readonly database?: DatabaseOptions;
  /** Rows of a batch; 65,536 by default. */
  readonly batchRows?: number;
}

interface Understood {
  readonly mapping: Mapping;
  readonly files: readonly SourceFile[];
  readonly reasons?: readonly string[];
  readonly doubts: readonly string[];
}

/**
 * Bars from `parquet: csv: json: excel:` or a bare path: a file, a folder of files, a zip, a glob. Throws
 * `DataError`; DATA_KIND_OTHER when the source is recognised as something else than bars.
 */
export async function openBarSource(
  locator: string,
  options: OpenOptions = {},
  understood?: Understood,
): Promise<MappedBars> {
  const { mapping, files, reasons, doubts } = understood ?? (await understand(locator, options));
  if (mapping.kind !== "bars") throw otherKind(locator, mapping, "bars");
  return new MappedBars(files, mapping, {
    locator,
    ...(reasons === undefined ? {} : { reasons: [...reasons, ...doubts.map((doubt) => `doubt: ${doubt}`)] }),
    ...(options.database === undefined ? {} : { database: options.database }),
    ...(options.batchRows === undefined ? {} : { batchRows: options.batchRows }),
  });
}

/** What a locator turned out to hold. */
export type OpenedSource =
  | { readonly kind: "bars"; readonly source: MappedBars }
  | { readonly kind: "reference"; readonly source: MappedReference };

/** Bars or a reference table, whichever is there. Throws DATA_KIND_OTHER for events and calendars. */
export async function openDataSource(locator: string, options: OpenOptions = {}): Promise<OpenedSource> {
  const understood = await understand(locator, options);
  const { mapping } = understood;
  if (mapping.kind === "reference") {
    return {
      kind: "reference",
      source: await openReferenceSource(locator, { ...options, mapping }, understood),
    };
  }
  return { kind: "bars", source: await openBarSource(locator, { ...options, mapping }, understood) };
}

/** A reference table (industry, names, financials, …). Throws as {@link openBarSource}. */
export async function openReferenceSource(
  locator: string,
  options: OpenOptions = {},
  understood?: Understood,
): Promise<MappedReference> {
  const { mapping, files, reasons, doubts } = understood ?? (await understand(locator, options));
  if (mapping.kind !== "reference") throw otherKind(locator, mapping, "a reference table");
  return new MappedReference(files, mapping, {
    locator,
    doubts,
    ...(reasons === undefined ? {} : { reasons }),
  });
}

async function understand(locator: string, { mapping }: OpenOptions): Promise<Understood> {
  if (mapping === undefined) return detect(locator);
  const files = await resolveFiles(parseLocator(locator));
  return {
    mapping: typeof mapping === "string" ? await readMappingFile(mapping) : mapping,
    files,
    doubts: [],
  };
}

function otherKind(locator: string, mapping: Mapping, wanted: string): DataError {
  const found =
    mapping.kind === "events"
      ? `${locator} is recognised as ${mapping.events === "book" ? "an order book" : mapping.events}; import of events arrives with the backtest engine`
      : mapping.kind === "calendar"
        ? `${locator} is recognised as a calendar (${mapping.shape}); the exchanges' calendars are built in`
        : `${locator} is recognised as ${mapping.kind} (${mapping.shape})`;
  return new DataError("DATA_KIND_OTHER", `${found}, not ${wanted}`, {
    remedy: "name another source, or give a mapping file if the recognition is wrong (--mapping)",
    place: { file: locator },
  });
}
