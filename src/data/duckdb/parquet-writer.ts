/**
 * Parquet from columns, in the order given and atomically: the file is written beside its place, synced and
 * renamed, so that a reader sees the old file or the whole new one. Rows are staged in a DuckDB that may spill
 * to the target's folder, so the size is not bound by memory.
 */
import {
  BIGINT,
  DATE,
  DOUBLE,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBVector,
  FLOAT,
  INTEGER,
  TIMESTAMP,
  VARCHAR,
} from "@duckdb/node-api";
import { mkdtemp, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { asDataError } from "../system-errors.ts";
import { CHUNK_ROWS, Database } from "./database.ts";
import { MISSING_DAY } from "./columns.ts";
import { sqlName, sqlText, sqlTextList } from "./sql.ts";

export type ParquetType = "DATE" | "FLOAT" | "DOUBLE" | "VARCHAR" | "INTEGER" | "BIGINT" | "TIMESTAMP";

export interface ParquetColumn {
  readonly name: string;
  readonly type: ParquetType;
  /** Writes NaN as null instead of as NaN. Only for FLOAT and DOUBLE. */
  readonly nanAsNull?: boolean;
}

/** Text as codes into a dictionary (−1 is null); the dictionary may grow from chunk to chunk but never reorders. */
export interface CodedText {
  readonly codes: Int32Array;
  readonly dictionary: readonly string[];
}

/**
 * Values of one column: DATE and INTEGER `Int32Array` (DATE: days since 1970-01-01, {@link MISSING_DAY} is null),
 * FLOAT and DOUBLE either float array, BIGINT `BigInt64Array` or `Float64Array` of whole numbers (NaN is null),
 * TIMESTAMP microseconds as `Float64Array` or `BigInt64Array`, VARCHAR {@link CodedText} or texts.
 */
export type ParquetValues =
  | Float32Array
  | Float64Array
  | Int32Array
  | BigInt64Array
  | CodedText
  | readonly (string | null)[];

/** Some rows; `columns` in the order of the schema, all of `rows` length. */
export interface ParquetChunk {
  readonly rows: number;
  readonly columns: readonly ParquetValues[];
}

export interface ParquetWriterOptions {
  readonly memoryLimit?: string;
  readonly threads?: number;
  readonly compression?: "zstd" | "snappy" | "uncompressed";
  /** Key–value metadata of the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes `chunks` to `path` in their order; returns the number of rows. Throws `DataError` (DATA_NOT_PERMITTED,
 * DATA_DISK_FULL, DATA_FILE_MISSING for a missing folder) and leaves what was there before.
 */
export async function writeParquet(
  path: string,
  schema: readonly ParquetColumn[],
  chunks: Iterable<ParquetChunk> | AsyncIterable<ParquetChunk>,
  options: ParquetWriterOptions = {},
): Promise<number> {
  let folder: string | null = null;
  try {
    folder = await mkdtemp(join(dirname(path), `.${basename(path)}-`));
    using database = await Database.open({
      memoryLimit: options.memoryLimit ?? "512MB",
      threads: options.threads ?? 2,
      spillFolder: join(folder, "spill"),
    });
    const dictionaries = new Map<number, readonly string[]>();
    const rows = await stage(database, { schema, chunks, dictionaries });
    const written = join(folder, "written.parquet");
    await copyOut(database, { schema, dictionaries, options, target: written });
    await sync(written);
    await rename(written, path);
    await syncFolder(dirname(path));
    return rows;
  } catch (error) {
    throw asDataError(error, { file: path, doing: "write" });
  } finally {
    if (folder !== null) await rm(folder, { recursive: true, force: true });
  }
}

async function stage(
  database: Database,
  input: {
    readonly schema: readonly ParquetColumn[];
    readonly chunks: Iterable<ParquetChunk> | AsyncIterable<ParquetChunk>;
    readonly dictionaries: Map<number, readonly string[]>;
  },
): Promise<number> {
  const { schema, chunks, dictionaries } = input;
  let appender: Awaited<ReturnType<typeof database.connection.createAppender>> | null = null;
  let types: DuckDBType[] = [];
  let total = 0;
  for await (const chunk of chunks) {
    checkShape(schema, chunk);
    if (appender === null) {
      const coded = chunk.columns.map(isCodedText);
      types = schema.map((column, index) => (coded[index] ? INTEGER : duckTypes[column.type]));
      await createStage(database, schema, types);
      appender = await database.connection.createAppender("stage");
    }
    for (const [index, values] of chunk.columns.entries()) {
      if (isCodedText(values)) dictionaries.set(index, values.dictionary);
    }
    for (let from = 0; from < chunk.rows; from += CHUNK_ROWS) {
      const rows = Math.min(CHUNK_ROWS, chunk.rows - from);
      const data = DuckDBDataChunk.create(types, rows);
      for (const [index, values] of chunk.columns.entries()) {
        const vector = data.getColumnVector(index);
        fill(vector, values, { from, rows, column: schema[index]! });
        vector.flush();
      }
      appender.appendDataChunk(data);
    }
    total += chunk.rows;
  }
  if (appender === null) {
    await createStage(
      database,
      schema,
      schema.map((column) => duckTypes[column.type]),
    );
  } else {
    appender.flushSync();
    appender.closeSync();
  }
  return total;
}

const ROW_GROUP_CELLS = 4_000_000;
const MOST_ROW_GROUP_ROWS = 122_880;

const duckTypes: Readonly<Record<ParquetType, DuckDBType>> = {
  DATE,
  FLOAT,
  DOUBLE,
  VARCHAR,
  INTEGER,
  BIGINT,
  TIMESTAMP,
};

async function createStage(
  database: Database,
  schema: readonly ParquetColumn[],
  types: readonly DuckDBType[],
): Promise<void> {
  const columns = schema.map((column, index) => `${sqlName(column.name)} ${String(types[index])}`);
  await database.run(`CREATE TABLE stage (${columns.join(", ")})`);
}

async function copyOut(
  database: Database,
  output: {
    readonly schema: readonly ParquetColumn[];
    readonly dictionaries: ReadonlyMap<number, readonly string[]>;
    readonly options: ParquetWriterOptions;
    readonly target: string;
  },
): Promise<void> {
  const { schema, dictionaries, options, target } = output;
  const columns = schema.map((column, index) => {
    const name = sqlName(column.name);
    const texts = dictionaries.get(index);
    return texts === undefined ? name : `(${sqlTextList(texts)}::VARCHAR[])[${name} + 1] AS ${name}`;
  });
  const settings = [
    "FORMAT parquet",
    `COMPRESSION ${options.compression ?? "zstd"}`,
    `ROW_GROUP_SIZE ${rowGroupRows(columns.length)}`,
  ];
  if (options.metadata !== undefined) {
    const pairs = Object.entries(options.metadata).map(
      ([key, value]) => `${sqlName(key)}: ${sqlText(value)}`,
    );
    if (pairs.length > 0) settings.push(`KV_METADATA {${pairs.join(", ")}}`);
  }
  await database.run(
    `COPY (SELECT ${columns.join(", ")} FROM stage) TO ${sqlText(target)} (${settings.join(", ")})`,
  );
}

/**
 * Rows of a Parquet row group: DuckDB's own number for tables of usual width, fewer for wide ones, since each thread holds
 * a whole group in memory before it writes it.
 */
function rowGroupRows(columns: number): number {
  const fitting = Math.floor(ROW_GROUP_CELLS / columns / CHUNK_ROWS);
  return Math.min(MOST_ROW_GROUP_ROWS, Math.max(1, fitting) * CHUNK_ROWS);
}

function isCodedText(values: ParquetValues): values is CodedText {
  return "codes" in values;
}

function checkShape(schema: readonly ParquetColumn[], chunk: ParquetChunk): void {
  if (chunk.columns.length !== schema.length) {
    throw new RangeError(`a chunk of ${chunk.columns.length} columns for a schema of ${schema.length}`);
  }
  for (const [index, values] of chunk.columns.entries()) {
    const length = isCodedText(values) ? values.codes.length : values.length;
    if (length < chunk.rows) {
      throw new RangeError(`column ${schema[index]!.name} holds ${length} values for ${chunk.rows} rows`);
    }
  }
}

/** Writes `rows` values from `from` on into a vector of the stage. */
function fill(
  vector: DuckDBVector,
  values: ParquetValues,
  slice: { readonly from: number; readonly rows: number; readonly column: ParquetColumn },
): void {
  const { from, rows, column } = slice;
  if (isCodedText(values)) {
    const codes = values.codes.subarray(from, from + rows);
    itemsOf(vector).set(codes);
    for (let row = 0; row < rows; row++) if (codes[row]! < 0) vector.setItem(row, null);
    return;
  }
  if (column.type === "VARCHAR") {
    const texts = values as readonly (string | null)[];
    for (let row = 0; row < rows; row++) vector.setItem(row, texts[from + row] ?? null);
    return;
  }
  const part = (values as Float64Array).subarray(from, from + rows);
  switch (column.type) {
    case "FLOAT":
    case "DOUBLE":
      itemsOf(vector).set(part);
      if (column.nanAsNull === true) {
        for (let row = 0; row < rows; row++) if (Number.isNaN(part[row])) vector.setItem(row, null);
      }
      return;
    case "DATE":
    case "INTEGER":
      itemsOf(vector).set(part);
      for (let row = 0; row < rows; row++) if (part[row] === MISSING_DAY) vector.setItem(row, null);
      return;
    default:
      wholeNumbers(vector, values as Float64Array | BigInt64Array, slice);
  }
}

function wholeNumbers(
  vector: DuckDBVector,
  values: Float64Array | BigInt64Array,
  slice: { readonly from: number; readonly rows: number },
): void {
  const { items } = vector as unknown as { readonly items: BigInt64Array };
  for (let row = 0; row < slice.rows; row++) {
    const value = values[slice.from + row]!;
    if (typeof value === "bigint") items[row] = value;
    else if (Number.isNaN(value)) vector.setItem(row, null);
    else items[row] = BigInt(Math.round(value));
  }
}

type Items = Float64Array | Float32Array | Int32Array;

function itemsOf(vector: DuckDBVector): Items {
  return (vector as unknown as { readonly items: Items }).items;
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a rename durable. Windows has no folder handles to sync; its rename is durable by journal. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
