/**
 * Rows of `COPY … TO STDOUT (FORMAT binary)` as typed columns. A row is a count of fields (int16), then for each field its
 * length in bytes (int32, −1 for NULL) and its value, all big-endian; a count of −1 ends the rows. The stream begins with
 * an 11-byte signature, 4 bytes of flags and the length of an extension. After PostgreSQL's documentation of COPY.
 */
import type { ColumnBatch, ColumnVector } from "../../duckdb/columns.ts";
import { numericValue } from "./numeric-value.ts";
import { CodeDictionary } from "./code-dictionary.ts";

/** How a column's bytes are read; every one of PostgreSQL's types that is read has one. */
export type WireKind =
  | "float8"
  | "float4"
  | "int2"
  | "int4"
  | "int8"
  | "numeric"
  | "bool"
  | "date"
  | "time"
  | "timestamp"
  | "text"
  | "bpchar";

export interface WireColumn {
  readonly name: string;
  readonly kind: WireKind;
}

/** Days and microseconds from 1970 to 2000, where PostgreSQL counts from. */
const DAYS_TO_2000 = 10_957;
const MICROS_TO_2000 = DAYS_TO_2000 * 86_400_000_000;
const MISSING_DAY = -0x8000_0000;
const SIGNATURE = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
const HEADER = 19;
const TWO_32 = 4_294_967_296;

/** Numbers for the switch of the inner loop. */
const FLOAT8 = 0;
const FLOAT4 = 1;
const INT4 = 2;
const INT8 = 3;
const NUMERIC = 4;
const DATE = 5;
const TEXT = 6;
const INT2 = 7;
const BOOL = 8;
const TIMESTAMP = 9;
const TIME = 10;
const BPCHAR = 11;
const codes: Readonly<Record<WireKind, number>> = {
  float8: FLOAT8,
  float4: FLOAT4,
  int2: INT2,
  int4: INT4,
  int8: INT8,
  numeric: NUMERIC,
  bool: BOOL,
  date: DATE,
  time: TIME,
  timestamp: TIMESTAMP,
  text: TEXT,
  bpchar: BPCHAR,
};

function isWhole(kind: WireKind): boolean {
  return kind === "text" || kind === "bpchar" || kind === "date";
}

/** Takes the stream chunk by chunk and gives whole batches. NULL is NaN, {@link MISSING_DAY}, or −1 for texts. */
export class RowDecoder {
  readonly #columns: readonly WireColumn[];
  readonly #kinds: Uint8Array;
  readonly #batchRows: number;
  readonly #dictionaries: readonly (CodeDictionary | null)[];
  #numbers: (Float64Array | null)[] = [];
  #integers: (Int32Array | null)[] = [];
  #rows = 0;
  #rest: Buffer | null = null;
  #begun = false;
  #ended = false;

  constructor(columns: readonly WireColumn[], batchRows: number) {
    this.#columns = columns;
    this.#batchRows = batchRows;
    this.#kinds = Uint8Array.from(columns, ({ kind }) => codes[kind]);
    this.#dictionaries = columns.map(({ kind }) =>
      kind === "text" || kind === "bpchar" ? new CodeDictionary(kind === "bpchar") : null,
    );
    this.#start();
  }

  /** Whether the end of the rows was seen; a stream that stops before was cut. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Decodes a chunk; yields each batch that became full. */
  *push(chunk: Buffer): Generator<ColumnBatch> {
    let bytes = chunk;
    if (this.#rest !== null) {
      bytes = Buffer.concat([this.#rest, chunk]);
      this.#rest = null;
    }
    let at = 0;
    if (!this.#begun) {
      if (bytes.length < HEADER) {
        this.#rest = bytes;
        return;
      }
      if (!bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE))
        throw new RangeError("no binary COPY stream");
      at = HEADER + bytes.readInt32BE(HEADER - 4);
      this.#begun = true;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    while (!this.#ended) {
      const next = this.#decode(bytes, view, at);
      const full = this.#rows === this.#batchRows;
      at = next;
      if (!full) break;
      yield this.#finish();
    }
    if (at < bytes.length && !this.#ended) this.#rest = bytes.subarray(at);
  }

  /** The rows that fill no batch; null when there are none. */
  last(): ColumnBatch | null {
    return this.#rows === 0 ? null : this.#finish();
  }

  #start(): void {
    this.#rows = 0;
    this.#numbers = this.#columns.map(({ kind }) =>
      isWhole(kind) ? null : new Float64Array(this.#batchRows),
    );
    this.#integers = this.#columns.map(({ kind }) =>
      isWhole(kind) ? new Int32Array(this.#batchRows) : null,
    );
  }

  #finish(): ColumnBatch {
    const rows = this.#rows;
    const columns = new Map<string, ColumnVector>();
    for (const [column, { name, kind }] of this.#columns.entries()) {
      const dictionary = this.#dictionaries[column]!;
      if (dictionary !== null) {
        columns.set(name, {
          kind: "text",
          codes: this.#integers[column]!.subarray(0, rows),
          dictionary: dictionary.texts,
        });
      } else if (kind === "date") {
        columns.set(name, { kind: "day", values: this.#integers[column]!.subarray(0, rows) });
      } else {
        const values = this.#numbers[column]!.subarray(0, rows);
        columns.set(name, { kind: kind === "timestamp" ? "instant" : "number", values });
      }
    }
    this.#start();
    return { rows, columns };
  }

  /** Decodes whole rows from `from` until the chunk ends or the batch is full; returns where the next row begins. */
  #decode(bytes: Buffer, view: DataView, from: number): number {
    const kinds = this.#kinds;
    const fields = kinds.length;
    const end = bytes.length;
    const limit = this.#batchRows;
    const numbers = this.#numbers;
    const integers = this.#integers;
    let row = this.#rows;
    let at = from;
    rows: while (row < limit && at + 2 <= end) {
      const count = view.getInt16(at);
      if (count === -1) {
        this.#ended = true;
        break;
      }
      if (count !== fields) throw new RangeError(`a row of ${count} fields where ${fields} were asked for`);
      let p = at + 2;
      for (let field = 0; field < fields; field++) {
        if (p + 4 > end) break rows;
        const length = view.getInt32(p);
        p += 4;
        const kind = kinds[field]!;
        if (length < 0) {
          if (kind === TEXT || kind === BPCHAR) integers[field]![row] = -1;
          else if (kind === DATE) integers[field]![row] = MISSING_DAY;
          else numbers[field]![row] = Number.NaN;
          continue;
        }
        if (p + length > end) break rows;
        switch (kind) {
          case FLOAT8:
            numbers[field]![row] = view.getFloat64(p);
            break;
          case FLOAT4:
            numbers[field]![row] = view.getFloat32(p);
            break;
          case INT4:
            numbers[field]![row] = view.getInt32(p);
            break;
          case INT8:
          case TIME:
            numbers[field]![row] = view.getInt32(p) * TWO_32 + view.getUint32(p + 4);
            break;
          case TIMESTAMP:
            numbers[field]![row] = view.getInt32(p) * TWO_32 + view.getUint32(p + 4) + MICROS_TO_2000;
            break;
          case DATE:
            integers[field]![row] = view.getInt32(p) + DAYS_TO_2000;
            break;
          case INT2:
            numbers[field]![row] = view.getInt16(p);
            break;
          case BOOL:
            numbers[field]![row] = view.getUint8(p);
            break;
          case NUMERIC:
            numbers[field]![row] = numericValue(view, p);
            break;
          default:
            integers[field]![row] = this.#dictionaries[field]!.codeOf(bytes, p, length);
        }
        p += length;
      }
      row++;
      at = p;
    }
    this.#rows = row;
    return at;
  }
}
