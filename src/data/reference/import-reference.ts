/**
 * Imports a table of facts. Every row gets the day it became known, because facts are only ever read as of a day: from the
 * row itself, or for the whole table from the caller or from what the source says about itself.
 */
import { createHash } from "node:crypto";
import { createReadStream, renameSync, statSync } from "node:fs";
import path from "node:path";
import type { ColumnVector } from "#data/duckdb/columns";
import { MISSING_DAY } from "#data/duckdb/columns";
import type { ParquetChunk, ParquetColumn, ParquetValues } from "#data/export/parquet/parquet-file";
import { writeParquet } from "#data/export/parquet/parquet-file";
import { DataError } from "#data/errors";
import { besidePlace, makeFolder, removePart, syncFolder } from "#data/export/atomic-file";
import type {
  ReferenceBatch,
  ReferenceDescription,
  ReferenceSource,
} from "#data/sources/reference/reference-source";
import { asDataError } from "#data/system-errors";
import type { Day } from "#market/day";
import { isoOf } from "#market/day";
import type { ReferenceFile, ReferenceIndex } from "./reference-index.ts";
import { folderOfTable, readReferenceIndex, writeReferenceIndex } from "./reference-index.ts";

export interface ReferenceImportOptions {
  /** Day from which a table whose rows do not say counts as known (`--known-at`); wins over what the source suggests. */
  readonly knownAt?: Day;
  /** Name of the table; default the source's. */
  readonly table?: string;
  readonly signal?: AbortSignal;
}

export interface ReferenceImportResult {
  readonly table: string;
  readonly rows: number;
  /** The new file; the same as one that was there when nothing was new. */
  readonly file: ReferenceFile;
  readonly added: boolean;
  /** All files of the table now, to be listed in the store's manifest. */
  readonly files: readonly ReferenceFile[];
}

/** Columns every table has, missing where the source does not know them. */
const FACT_COLUMNS = ["instrument", "valid_from", "valid_to", "known_at"] as const;

/**
 * Adds the source's rows to its table as one new file. Throws DATA_DATE_INVALID when neither rows, source nor caller say
 * when the table became known, and the errors of reading and writing; the table is then as it was.
 */
export async function importReference(
  workspace: string,
  source: ReferenceSource,
  options: ReferenceImportOptions = {},
): Promise<ReferenceImportResult> {
  const description = await source.describe();
  const table = options.table ?? description.table;
  const folder = path.join(workspace, folderOfTable(table));
  const index = readReferenceIndex(workspace, table);
  const part = besidePlace(path.join(folder, "rows.parquet"));
  try {
    makeFolder(folder);
    const seen = { rows: 0, from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY };
    const schema = schemaOf(description);
    await writeParquet(part, schema, chunksOf(source, { description, schema, seen, options }));
    if (seen.rows === 0) throw noRows(description);
    const file = await describeFile(part, { table, description, seen, options });
    const added = !index.files.some(({ sha256 }) => sha256 === file.sha256);
    if (!added) return { table, rows: seen.rows, file, added, files: index.files };
    renameSync(part, path.join(workspace, file.path));
    syncFolder(folder);
    const files = [...index.files, file];
    await writeReferenceIndex(workspace, { ...index, files } satisfies ReferenceIndex);
    return { table, rows: seen.rows, file, added, files };
  } catch (error) {
    throw asDataError(error, { file: folder, doing: "write" });
  } finally {
    removePart(part);
  }
}

interface Seen {
  rows: number;
  from: Day;
  to: Day;
}

function schemaOf(description: ReferenceDescription): ParquetColumn[] {
  const own = description.columns.filter(({ name }) => !(FACT_COLUMNS as readonly string[]).includes(name));
  return [
    { name: "instrument", type: "VARCHAR" },
    { name: "valid_from", type: "DATE" },
    { name: "valid_to", type: "DATE" },
    { name: "known_at", type: "DATE" },
    ...own.map(({ name, kind }): ParquetColumn => {
      if (kind === "number") return { name, type: "DOUBLE", nanAsNull: true };
      return { name, type: kind === "day" ? "DATE" : "VARCHAR" };
    }),
  ];
}

async function* chunksOf(
  source: ReferenceSource,
  context: {
    readonly description: ReferenceDescription;
    readonly schema: readonly ParquetColumn[];
    readonly seen: Seen;
    readonly options: ReferenceImportOptions;
  },
): AsyncGenerator<ParquetChunk> {
  const { description, schema, seen, options } = context;
  for await (const batch of source.rows()) {
    options.signal?.throwIfAborted();
    const known = knownDays(batch, description, options);
    for (const [row, day] of known.entries()) {
      if (day === MISSING_DAY) throw notDated(description, batch, row);
      if (day < seen.from) seen.from = day;
      if (day > seen.to) seen.to = day;
    }
    seen.rows += batch.rows;
    yield {
      rows: batch.rows,
      columns: schema.map((column) =>
        column.name === "known_at" ? known : valuesOf(batch.columns.get(column.name), column, batch.rows),
      ),
    };
  }
}

/** When each row became known. Throws DATA_DATE_INVALID when nothing says so. */
function knownDays(
  batch: ReferenceBatch,
  description: ReferenceDescription,
  options: ReferenceImportOptions,
): Int32Array {
  const column = batch.columns.get("known_at");
  if (description.undated && options.knownAt !== undefined)
    return new Int32Array(batch.rows).fill(options.knownAt);
  if (column?.kind === "day") return column.values;
  throw new DataError(
    "DATA_DATE_INVALID",
    `${description.locator} does not say when the table ${description.table} became known`,
    {
      remedy: "give the day from which it was known, e.g. --known-at 2019-12-31",
      place: { file: description.files[0] ?? description.locator },
    },
  );
}

function valuesOf(vector: ColumnVector | undefined, column: ParquetColumn, rows: number): ParquetValues {
  if (vector === undefined) {
    if (column.type === "VARCHAR") return { codes: new Int32Array(rows).fill(-1), dictionary: [] };
    if (column.type === "DATE") return new Int32Array(rows).fill(MISSING_DAY);
    return new Float64Array(rows).fill(Number.NaN);
  }
  return vector.kind === "text" ? { codes: vector.codes, dictionary: vector.dictionary } : vector.values;
}

async function describeFile(
  part: string,
  context: {
    readonly table: string;
    readonly description: ReferenceDescription;
    readonly seen: Seen;
    readonly options: ReferenceImportOptions;
  },
): Promise<ReferenceFile> {
  const { table, description, seen, options } = context;
  const sha256 = await hashOf(part);
  const whole = description.undated;
  return {
    path: `${folderOfTable(table)}/${sha256.slice(0, 16)}.parquet`,
    sha256,
    size: statSync(part).size,
    rows: seen.rows,
    from: description.locator,
    dated: whole ? "whole" : "rows",
    knownFrom: isoOf(seen.from),
    knownTo: isoOf(seen.to),
    ...(whole
      ? { knownBecause: options.knownAt === undefined ? "the source's name" : "stated at import" }
      : {}),
  };
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}

function noRows(description: ReferenceDescription): DataError {
  return new DataError("DATA_FILE_DAMAGED", `${description.locator} holds no row`, {
    remedy: "check the file",
    place: { file: description.locator },
  });
}

function notDated(description: ReferenceDescription, batch: ReferenceBatch, row: number): DataError {
  const { file, firstRow } = batch.origin;
  return new DataError(
    "DATA_DATE_INVALID",
    `${file}: row ${firstRow + row} does not say when it became known`,
    {
      remedy: `correct the row; ${description.table} is read as of a day`,
      place: { file, row: firstRow + row, column: "known_at" },
    },
  );
}
