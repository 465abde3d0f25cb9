/** Rows into a table, through `COPY … FROM STDIN (FORMAT binary)`. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { from } from "pg-copy-streams";
import { type TableName, sqlColumn, sqlTable, textOfTable } from "./identifier.ts";
import type { PostgresSession } from "./session.ts";

/** Types that are written; NaN and null become NULL. */
export type WrittenKind = "float8" | "float4" | "int4" | "int8" | "date" | "timestamp" | "text";

export interface WrittenColumn {
  readonly name: string;
  readonly kind: WrittenKind;
}

/**
 * Values of one column: numbers (days since 1970 for dates, milliseconds for timestamps), or places in a list of texts.
 */
export type WrittenValues =
  | ArrayLike<number>
  | { readonly codes: ArrayLike<number>; readonly texts: readonly string[] };

export interface WrittenRows {
  readonly rows: number;
  readonly values: readonly WrittenValues[];
}

const DAYS_TO_2000 = 10_957;
const MS_TO_2000 = DAYS_TO_2000 * 86_400_000;
const CHUNK_BYTES = 1 << 18;
const TWO_32 = 4_294_967_296;

/** Writes all rows within the session's transaction, or fails as a whole; returns how many. Throws SOURCE_…. */
export async function copyIn(
  session: PostgresSession,
  table: TableName | { readonly temporary: string },
  input: {
    readonly columns: readonly WrittenColumn[];
    readonly batches: AsyncIterable<WrittenRows> | Iterable<WrittenRows>;
  },
): Promise<number> {
  const { columns, batches } = input;
  const name = "temporary" in table ? sqlColumn(table.temporary) : sqlTable(table);
  const text = "temporary" in table ? table.temporary : textOfTable(table);
  const list = columns.map((column) => sqlColumn(column.name)).join(", ");
  const stream = session.client.query(from(`COPY ${name} (${list}) FROM STDIN (FORMAT binary)`));
  try {
    await pipeline(Readable.from(encoded(columns, batches)), stream);
  } catch (error) {
    throw session.failure(error, `writing ${text}`);
  }
  return stream.rowCount;
}

async function* encoded(
  columns: readonly WrittenColumn[],
  batches: AsyncIterable<WrittenRows> | Iterable<WrittenRows>,
): AsyncGenerator<Buffer> {
  const header = Buffer.alloc(19);
  header.write("PGCOPY\n\xff\r\n\0", "latin1");
  yield header;
  for await (const { rows, values } of batches) {
    const writers = columns.map(({ kind }, column) => writerOf(kind, values[column]!));
    const texts = values.flatMap((each) =>
      "texts" in each ? each.texts.map((text) => text.length * 3) : [],
    );
    const rowBytes =
      2 + columns.length * 12 + texts.reduce((most, length) => Math.max(most, length), 0) * columns.length;
    const room = Math.max(CHUNK_BYTES, rowBytes);
    let chunk = Buffer.allocUnsafe(room);
    let at = 0;
    for (let row = 0; row < rows; row++) {
      if (at + rowBytes > room) {
        yield chunk.subarray(0, at);
        chunk = Buffer.allocUnsafe(room);
        at = 0;
      }
      at = chunk.writeInt16BE(columns.length, at);
      for (const write of writers) at = write(chunk, at, row);
    }
    yield chunk.subarray(0, at);
  }
  yield Buffer.from([0xff, 0xff]);
}

type Write = (chunk: Buffer, at: number, row: number) => number;

function writerOf(kind: WrittenKind, values: WrittenValues): Write {
  if ("texts" in values) {
    const bytes = values.texts.map((text) => Buffer.from(text, "utf8"));
    return (chunk, at, row) => {
      const code = values.codes[row]!;
      if (!(code >= 0)) return chunk.writeInt32BE(-1, at);
      const text = bytes[code]!;
      chunk.writeInt32BE(text.length, at);
      return at + 4 + text.copy(chunk, at + 4);
    };
  }
  const put = numberWriters[kind];
  if (put === undefined) throw new TypeError(`column of ${kind} takes codes and texts`);
  return (chunk, at, row) => {
    const value = values[row]!;
    return Number.isNaN(value) ? chunk.writeInt32BE(-1, at) : put(chunk, at, value);
  };
}

const numberWriters: Readonly<
  Partial<Record<WrittenKind, (chunk: Buffer, at: number, value: number) => number>>
> = {
  float8: (chunk, at, value) => chunk.writeDoubleBE(value, chunk.writeInt32BE(8, at)),
  float4: (chunk, at, value) => chunk.writeFloatBE(value, chunk.writeInt32BE(4, at)),
  int4: (chunk, at, value) => chunk.writeInt32BE(value, chunk.writeInt32BE(4, at)),
  int8: (chunk, at, value) => wide(chunk, at, value),
  date: (chunk, at, value) => chunk.writeInt32BE(value - DAYS_TO_2000, chunk.writeInt32BE(4, at)),
  timestamp: (chunk, at, value) => wide(chunk, at, (value - MS_TO_2000) * 1000),
};

/** A whole number of up to 53 bits as eight bytes. */
function wide(chunk: Buffer, at: number, value: number): number {
  const high = Math.floor(value / TWO_32);
  const next = chunk.writeInt32BE(high, chunk.writeInt32BE(8, at));
  return chunk.writeUInt32BE(value - high * TWO_32, next);
}
