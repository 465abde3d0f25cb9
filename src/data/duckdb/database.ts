/**
 * An in-memory DuckDB: the reader of Parquet, CSV and JSON and the writer of Parquet. Results come as batches of
 * typed columns, streamed, in the order of the input. Extensions beyond the built-in ones are never fetched.
 */
import { type DuckDBConnection, DuckDBInstance, type DuckDBResult } from "@duckdb/node-api";
import { appendChunk, type ColumnBatch, ColumnReader } from "./columns.ts";
import { sqlText } from "./sql.ts";

export interface DatabaseOptions {
  /** DuckDB's own limit for buffers, e.g. `"512MB"`. */
  readonly memoryLimit?: string;
  readonly threads?: number;
  /** Where what exceeds the memory limit is spilled; without it the query fails instead. */
  readonly spillFolder?: string;
}

export type Cell = number | string | null;

const BATCH_ROWS = 65_536;
/** A chunk holds at most this many rows. */
export const CHUNK_ROWS = 2048;

export class Database implements Disposable {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  static async open(options: DatabaseOptions = {}): Promise<Database> {
    const instance = await DuckDBInstance.create(":memory:", {
      threads: String(options.threads ?? 2),
      memory_limit: options.memoryLimit ?? "512MB",
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "true",
      preserve_insertion_order: "true",
      temp_directory: options.spillFolder ?? "",
    });
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    // The scan runs ahead of the reader by this much; the default of 1 MB stalls it.
    await connection.run("SET streaming_buffer_size = '32MB'");
    return new Database(instance, connection);
  }

  /** The engine's own connection, for the other files of this folder. */
  get connection(): DuckDBConnection {
    return this.#connection;
  }

  /** Runs a statement for its effect. */
  async run(sql: string): Promise<void> {
    await this.#connection.run(sql);
  }

  /** Streams a result as batches of up to `batchRows` rows; the last batch is shorter. */
  query(sql: string, options: { readonly batchRows?: number } = {}): AsyncGenerator<ColumnBatch> {
    return batchesOf(this.#connection.stream(sql), Math.max(CHUNK_ROWS, options.batchRows ?? BATCH_ROWS));
  }

  /** A small result as objects: numbers, text, dates as whole days, null. */
  async rows(sql: string): Promise<Record<string, Cell>[]> {
    const found: Record<string, Cell>[] = [];
    // Materialised: a stream would hold the scan's buffers until the garbage collector finds it.
    for await (const batch of batchesOf(this.#connection.run(sql), CHUNK_ROWS)) {
      for (let row = 0; row < batch.rows; row++) {
        const record: Record<string, Cell> = {};
        for (const [name, column] of batch.columns) {
          if (column.kind === "text") {
            const code = column.codes[row]!;
            record[name] = code < 0 ? null : column.dictionary[code]!;
          } else {
            const value = column.values[row]!;
            record[name] = Number.isNaN(value) || (column.kind === "day" && value < -1e9) ? null : value;
          }
        }
        found.push(record);
      }
    }
    return found;
  }

  /** Names and DuckDB types of a relation's columns: `describe("read_parquet('f.parquet')")`. */
  async describe(relation: string): Promise<{ readonly name: string; readonly type: string }[]> {
    const rows = await this.rows(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${relation})`);
    return rows.map((row) => ({ name: String(row["column_name"]), type: String(row["column_type"]) }));
  }

  /** Paths a DuckDB glob matches, sorted. */
  async glob(pattern: string): Promise<string[]> {
    const rows = await this.rows(`SELECT file FROM glob(${sqlText(pattern)}) ORDER BY file`);
    return rows.map((row) => String(row["file"]));
  }

  [Symbol.dispose](): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

async function* batchesOf(running: Promise<DuckDBResult>, batchRows: number): AsyncGenerator<ColumnBatch> {
  const result = await running;
  const names = result.deduplicatedColumnNames();
  const readers = names.map((_, column) => new ColumnReader(result.columnType(column)));
  let rows = 0;
  const start = (): void => {
    rows = 0;
    for (const reader of readers) reader.start(batchRows);
  };
  const finish = (): ColumnBatch => ({
    rows,
    columns: new Map(names.map((name, column) => [name, readers[column]!.finish(rows)])),
  });
  start();
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    if (rows + chunk.rowCount > batchRows) {
      yield finish();
      start();
    }
    appendChunk(readers, chunk, rows);
    rows += chunk.rowCount;
  }
  if (rows > 0) yield finish();
}
