/**
 * DuckDB result vectors as typed columns. Values are copied out of the engine's memory, with the validity bits
 * applied: null slots hold garbage and must never be read.
 */
import {
  type DuckDBDataChunk,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBVarCharVector,
  type DuckDBVector,
} from "@duckdb/node-api";
import { TextDictionary } from "./text-dictionary.ts";

/** Stands for a missing date; no real date is near it. */
export const MISSING_DAY = -0x8000_0000;

/**
 * One column of a batch.
 * - `number`: integers, floats, decimals, booleans (0/1), times of day (microseconds); null is NaN. Integers beyond 2^53 round.
 * - `day`: whole days since 1970-01-01; null is {@link MISSING_DAY}.
 * - `instant`: microseconds since 1970-01-01 (of a timestamp as written, or UTC when it has a zone); null is NaN.
 * - `text`: codes into a dictionary that grows from batch to batch; null is −1.
 */
export type ColumnVector =
  | { readonly kind: "number"; readonly values: Float64Array }
  | { readonly kind: "day"; readonly values: Int32Array }
  | { readonly kind: "instant"; readonly values: Float64Array }
  | { readonly kind: "text"; readonly codes: Int32Array; readonly dictionary: readonly string[] };

export interface ColumnBatch {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, ColumnVector>;
}

/** The values of a numeric column. Throws `TypeError` when the query did not return numbers there. */
export function numbersOf(batch: ColumnBatch, name: string): Float64Array {
  const column = vectorOf(batch, name);
  if (column.kind !== "number" && column.kind !== "instant") {
    throw new TypeError(`column ${name} is ${column.kind}, expected numbers`);
  }
  return column.values;
}

/** The values of a date column. Throws `TypeError` when it holds something else. */
export function daysOf(batch: ColumnBatch, name: string): Int32Array {
  const column = vectorOf(batch, name);
  if (column.kind !== "day") throw new TypeError(`column ${name} is ${column.kind}, expected dates`);
  return column.values;
}

/** Codes and dictionary of a text column. Throws `TypeError` when it holds something else. */
export function textsOf(
  batch: ColumnBatch,
  name: string,
): { readonly codes: Int32Array; readonly dictionary: readonly string[] } {
  const column = vectorOf(batch, name);
  if (column.kind !== "text") throw new TypeError(`column ${name} is ${column.kind}, expected text`);
  return column;
}

function vectorOf(batch: ColumnBatch, name: string): ColumnVector {
  const column = batch.columns.get(name);
  if (column === undefined) {
    throw new TypeError(`no column ${name} in the batch; it has ${[...batch.columns.keys()].join(", ")}`);
  }
  return column;
}

type NumericItems =
  | Float64Array
  | Float32Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint32Array
  | Uint16Array
  | Uint8Array;

/** Growing arrays of one result column; which of them is used follows from the kind. */
interface Target {
  numbers: Float64Array;
  integers: Int32Array;
  readonly dictionary: TextDictionary;
}

type Append = (
  target: Target,
  vector: DuckDBVector,
  at: { readonly count: number; readonly offset: number },
) => void;

/** Appends the chunks of one result column to typed arrays. */
export class ColumnReader {
  readonly #kind: ColumnVector["kind"];
  readonly #append: Append;
  readonly #target: Target = {
    numbers: new Float64Array(0),
    integers: new Int32Array(0),
    dictionary: new TextDictionary(),
  };

  constructor(type: DuckDBType) {
    [this.#kind, this.#append] = readingOf(type);
  }

  /** Makes room for a new batch. */
  start(rows: number): void {
    if (this.#kind === "number" || this.#kind === "instant") this.#target.numbers = new Float64Array(rows);
    else this.#target.integers = new Int32Array(rows);
  }

  append(vector: DuckDBVector, count: number, offset: number): void {
    this.#append(this.#target, vector, { count, offset });
  }

  /** The batch's column, cut to the rows that were appended. */
  finish(rows: number): ColumnVector {
    const { numbers, integers, dictionary } = this.#target;
    switch (this.#kind) {
      case "text":
        return { kind: "text", codes: cut(integers, rows), dictionary: dictionary.texts };
      case "day":
        return { kind: "day", values: cut(integers, rows) };
      default:
        return { kind: this.#kind, values: cut(numbers, rows) };
    }
  }
}

function readingOf(type: DuckDBType): [ColumnVector["kind"], Append] {
  const id = type.typeId;
  if (id === DuckDBTypeId.VARCHAR) return ["text", appendTexts];
  if (id === DuckDBTypeId.ENUM) return ["text", appendEnum];
  if (id === DuckDBTypeId.DATE) return ["day", appendDays];
  const micros = microsPerUnit[id];
  if (micros !== undefined) return ["instant", appendInstants(micros)];
  if (type.typeId === DuckDBTypeId.DECIMAL) return ["number", appendDecimals(type.scale)];
  if (plainNumbers.has(id)) return ["number", appendPlain];
  if (wideNumbers.has(id)) return ["number", appendWide];
  throw new TypeError(`columns of type ${String(type)} are not read; cast them in the query`);
}

const appendPlain: Append = ({ numbers }, vector, { count, offset }) => {
  const { items } = vector as unknown as { readonly items: NumericItems };
  numbers.set(items.length === count ? items : items.subarray(0, count), offset);
  blank(numbers, offset, validityOf(vector), { count, value: Number.NaN });
};

const appendDays: Append = ({ integers }, vector, { count, offset }) => {
  const { items } = vector as unknown as { readonly items: Int32Array };
  integers.set(items.length === count ? items : items.subarray(0, count), offset);
  blank(integers, offset, validityOf(vector), { count, value: MISSING_DAY });
};

const appendTexts: Append = ({ integers, dictionary }, vector, { count, offset }) => {
  const varchar = vector as DuckDBVarCharVector;
  const { dataView } = varchar as unknown as { readonly dataView: DataView };
  dictionary.encode(new Uint32Array(dataView.buffer, dataView.byteOffset, count * 4), count, {
    into: integers,
    offset,
    validity: validityOf(vector),
    longText: (row) => varchar.getItem(row)!,
  });
};

const appendEnum: Append = ({ integers, dictionary }, vector, { count, offset }) => {
  for (let row = 0; row < count; row++) {
    const item = vector.getItem(row) as unknown as string | null;
    integers[offset + row] = item === null ? -1 : dictionary.codeOf(item);
  }
};

const appendWide: Append = ({ numbers }, vector, { count, offset }) => {
  for (let row = 0; row < count; row++) {
    const item = vector.getItem(row) as unknown as bigint | boolean | { micros: bigint } | null;
    numbers[offset + row] =
      item === null ? Number.NaN : Number(typeof item === "object" ? item.micros : item);
  }
};

function appendInstants(micros: number): Append {
  return ({ numbers }, vector, { count, offset }) => {
    const { items } = vector as unknown as { readonly items: BigInt64Array };
    for (let row = 0; row < count; row++) numbers[offset + row] = Number(items[row]!) * micros;
    blank(numbers, offset, validityOf(vector), { count, value: Number.NaN });
  };
}

function appendDecimals(scale: number): Append {
  const divisor = 10 ** scale;
  return ({ numbers }, vector, { count, offset }) => {
    for (let row = 0; row < count; row++) {
      const item = vector.getItem(row) as unknown as { readonly value: bigint } | null;
      numbers[offset + row] = item === null ? Number.NaN : Number(item.value) / divisor;
    }
  };
}

const plainNumbers: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.FLOAT,
  DuckDBTypeId.DOUBLE,
]);

const wideNumbers: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.BOOLEAN,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.TIME,
]);

const microsPerUnit: Readonly<Partial<Record<DuckDBTypeId, number>>> = {
  [DuckDBTypeId.TIMESTAMP]: 1,
  [DuckDBTypeId.TIMESTAMP_TZ]: 1,
  [DuckDBTypeId.TIMESTAMP_S]: 1_000_000,
  [DuckDBTypeId.TIMESTAMP_MS]: 1000,
  [DuckDBTypeId.TIMESTAMP_NS]: 0.001,
};

function validityOf(vector: DuckDBVector): Uint8Array | null {
  const { validity } = vector as unknown as { readonly validity: { readonly data: BigUint64Array | null } };
  const { data } = validity;
  return data === null ? null : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function blank(
  values: Float64Array | Int32Array,
  offset: number,
  validity: Uint8Array | null,
  missing: { readonly count: number; readonly value: number },
): void {
  if (validity === null) return;
  for (let row = 0; row < missing.count; row++) {
    const byte = validity[row >>> 3]!;
    if (byte === 0xff) row |= 7;
    else if (((byte >>> (row & 7)) & 1) === 0) values[offset + row] = missing.value;
  }
}

function cut<T extends Float64Array | Int32Array>(values: T, rows: number): T {
  return (values.length === rows ? values : values.slice(0, rows)) as T;
}

/** Copies one chunk's columns into the readers. */
export function appendChunk(readers: readonly ColumnReader[], chunk: DuckDBDataChunk, offset: number): void {
  for (const [column, reader] of readers.entries()) {
    reader.append(chunk.getColumnVector(column), chunk.rowCount, offset);
  }
}
