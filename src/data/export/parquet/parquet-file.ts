/**
 * Parquet from columns, in the order given and atomically: the file is written beside its place, synced and renamed, so
 * that a reader sees the old file or the whole new one. Rows are compressed as they come; in memory are the chunk under
 * way and the compressed pages of one row group, whatever the size of the table. After the Apache Parquet format 2.
 */
import { open, rename, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { asDataError } from "#data/system-errors";
import { besidePlace, removePart, syncFolder } from "../atomic-file.ts";
import { ColumnChunk } from "./column-chunk.ts";
import { lengthOf, type ParquetChunk, type ParquetColumn } from "./column-values.ts";
import { encodeStruct, type ThriftStruct } from "./compact-thrift.ts";
import type { Compression } from "./compression.ts";
import { schemaElements, valueBytes } from "./schema.ts";

export type { CodedText, ParquetChunk, ParquetColumn, ParquetType, ParquetValues } from "./column-values.ts";
export type { Compression } from "./compression.ts";

export interface ParquetOptions {
  readonly compression?: Compression;
  /** Key–value metadata of the file. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Rows of a row group at most; 122,880 unless told, fewer where rows are wide. */
  readonly rowGroupRows?: number;
}

/**
 * Writes `chunks` to `path` in their order; returns the number of rows. Throws `DataError` (DATA_NOT_PERMITTED,
 * DATA_DISK_FULL, DATA_FILE_MISSING for a missing folder) and leaves what was there before.
 */
export async function writeParquet(
  path: string,
  schema: readonly ParquetColumn[],
  chunks: Iterable<ParquetChunk> | AsyncIterable<ParquetChunk>,
  options: ParquetOptions = {},
): Promise<number> {
  const part = besidePlace(path);
  let file: FileHandle | undefined;
  try {
    file = await open(part, "w");
    const written = new ParquetFile(file, schema, options);
    await written.begin();
    for await (const chunk of chunks) await written.add(chunk);
    const rows = await written.end();
    await file.sync();
    await file.close();
    file = undefined;
    await rename(part, path);
    syncFolder(dirname(path));
    return rows;
  } catch (error) {
    await file?.close();
    removePart(part);
    throw asDataError(error, { file: path, doing: "write" });
  }
}

const MAGIC = new TextEncoder().encode("PAR1");
/** Rows of a page, which is what is compressed at once. */
const PAGE_ROWS = 32_768;
const MOST_ROWS = 122_880;
/** A row group of more is ended; its compressed pages are in memory. */
const GROUP_BYTES = 2 ** 26;

class ParquetFile {
  readonly #file: FileHandle;
  readonly #schema: readonly ParquetColumn[];
  readonly #options: ParquetOptions;
  readonly #groupRows: number;
  readonly #groups: ThriftStruct[] = [];
  #columns: readonly ColumnChunk[] = [];
  #groupLength = 0;
  #rows = 0;
  #at = 0;

  constructor(file: FileHandle, schema: readonly ParquetColumn[], options: ParquetOptions) {
    this.#file = file;
    this.#schema = schema;
    this.#options = options;
    const width = schema.reduce((sum, { type }) => sum + valueBytes[type], 0);
    const fitting = Math.max(1, Math.floor(GROUP_BYTES / Math.max(1, width) / 2048)) * 2048;
    this.#groupRows = Math.min(options.rowGroupRows ?? MOST_ROWS, fitting);
  }

  begin(): Promise<void> {
    return this.#write([MAGIC]);
  }

  async add(chunk: ParquetChunk): Promise<void> {
    this.#check(chunk);
    for (let from = 0; from < chunk.rows;) {
      if (this.#groupLength === 0) this.#columns = this.#schema.map((column) => this.#newColumn(column));
      const rows = Math.min(PAGE_ROWS, chunk.rows - from, this.#groupRows - this.#groupLength);
      const slice = { from, rows };
      await Promise.all(this.#columns.map((column, index) => column.add(chunk.columns[index]!, slice)));
      from += rows;
      this.#groupLength += rows;
      if (this.#groupLength === this.#groupRows) await this.#endGroup();
    }
  }

  async end(): Promise<number> {
    await this.#endGroup();
    const { metadata = {} } = this.#options;
    const footer = encodeStruct([
      [1, { i32: 2 }],
      [2, { structs: schemaElements(this.#schema) }],
      [3, { i64: this.#rows }],
      [4, { structs: this.#groups }],
      [
        5,
        {
          structs: Object.entries(metadata).map(([key, value]): ThriftStruct => [
            [1, { binary: key }],
            [2, { binary: value }],
          ]),
        },
      ],
      [6, { binary: "alphaloom" }],
      // Statistics follow the types' own order.
      [7, { structs: this.#schema.map((): ThriftStruct => [[1, { struct: [] }]]) }],
    ]);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, footer.length, true);
    await this.#write([footer, length, MAGIC]);
    return this.#rows;
  }

  #newColumn(column: ParquetColumn): ColumnChunk {
    return new ColumnChunk(column, this.#options.compression ?? "zstd");
  }

  async #endGroup(): Promise<void> {
    if (this.#groupLength === 0) return;
    const chunks: ThriftStruct[] = [];
    const start = this.#at;
    let plainBytes = 0;
    for (const column of this.#columns) {
      const finished = await column.finish(this.#at);
      chunks.push(finished.chunk);
      plainBytes += finished.plainBytes;
      await this.#write(finished.bytes);
    }
    this.#groups.push([
      [1, { structs: chunks }],
      [2, { i64: plainBytes }],
      [3, { i64: this.#groupLength }],
      [5, { i64: start }],
      [6, { i64: this.#at - start }],
    ]);
    this.#rows += this.#groupLength;
    this.#groupLength = 0;
    this.#columns = [];
  }

  async #write(parts: readonly Uint8Array[]): Promise<void> {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const { bytesWritten } = await this.#file.writev(parts);
    if (bytesWritten < length) {
      let left = Buffer.concat(parts).subarray(bytesWritten);
      while (left.length > 0) left = left.subarray((await this.#file.write(left)).bytesWritten);
    }
    this.#at += length;
  }

  #check({ rows, columns }: ParquetChunk): void {
    if (columns.length !== this.#schema.length)
      throw new RangeError(`a chunk of ${columns.length} columns for a schema of ${this.#schema.length}`);
    for (const [index, values] of columns.entries()) {
      const length = lengthOf(values);
      if (length < rows)
        throw new RangeError(`column ${this.#schema[index]!.name} holds ${length} values for ${rows} rows`);
    }
  }
}
