import { MISSING_DAY } from "#data/duckdb/columns";
import { ByteSink } from "./compact-thrift.ts";
import type { ParquetColumn, ParquetValues } from "./column-values.ts";

/**
 * The values of a data page in Parquet's PLAIN encoding, the nulls left out, with what statistics need. After the Apache
 * Parquet format, "Encodings".
 */
export interface PageValues {
  readonly bytes: Uint8Array;
  /** 1 for a value, 0 for a null; null when no value is missing. */
  readonly present: Uint8Array | null;
  readonly nulls: number;
  /** Least and greatest value in the same encoding, of types that have an order that readers rely on. */
  readonly least: Uint8Array | null;
  readonly greatest: Uint8Array | null;
}

export interface Slice {
  readonly from: number;
  readonly rows: number;
}

/** Values of every type but coded text. */
export function plainValues(
  column: ParquetColumn,
  values: Exclude<ParquetValues, { readonly codes: Int32Array }>,
  { from, rows }: Slice,
): PageValues {
  switch (column.type) {
    case "FLOAT":
    case "DOUBLE":
      return floats(column, (values as Float64Array).subarray(from, from + rows));
    case "DATE":
    case "INTEGER":
      return integers((values as Int32Array).subarray(from, from + rows));
    case "BIGINT":
    case "TIMESTAMP":
      return longs((values as Float64Array | BigInt64Array).subarray(from, from + rows));
    default:
      return texts((values as readonly (string | null)[]).slice(from, from + rows));
  }
}

type Words = Float32Array | Float64Array | Int32Array | BigInt64Array;

const bytesOf = (values: Words): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

function floats({ type, nanAsNull }: ParquetColumn, values: Float32Array | Float64Array): PageValues {
  const Width = type === "FLOAT" ? Float32Array : Float64Array;
  const own = values instanceof Width ? values : Width.from(values);
  const none = { least: null, greatest: null };
  if (nanAsNull !== true) return { bytes: bytesOf(own), present: null, nulls: 0, ...none };
  const present = Uint8Array.from(own, (value) => (Number.isNaN(value) ? 0 : 1));
  return { ...withoutNulls(own, present), ...none };
}

function integers(values: Int32Array): PageValues {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let nulls = 0;
  for (const value of values) {
    if (value === MISSING_DAY) nulls++;
    else {
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
  }
  const hasOrder = nulls < values.length;
  const order = {
    least: hasOrder ? bytesOf(Int32Array.of(least)) : null,
    greatest: hasOrder ? bytesOf(Int32Array.of(greatest)) : null,
  };
  if (nulls === 0) return { bytes: bytesOf(values), present: null, nulls, ...order };
  const present = Uint8Array.from(values, (value) => (value === MISSING_DAY ? 0 : 1));
  return { ...withoutNulls(values, present), ...order };
}

function longs(values: Float64Array | BigInt64Array): PageValues {
  const present = new Uint8Array(values.length).fill(1);
  const whole = new BigInt64Array(values.length);
  let least: bigint | null = null;
  let greatest: bigint | null = null;
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (Number.isNaN(value)) {
      present[row] = 0;
      continue;
    }
    const own = typeof value === "bigint" ? value : BigInt(Math.round(value));
    whole[row] = own;
    if (least === null || own < least) least = own;
    if (greatest === null || own > greatest) greatest = own;
  }
  return {
    ...withoutNulls(whole, present),
    least: least === null ? null : bytesOf(BigInt64Array.of(least)),
    greatest: greatest === null ? null : bytesOf(BigInt64Array.of(greatest)),
  };
}

const encoder = new TextEncoder();

function texts(values: readonly (string | null)[]): PageValues {
  const sink = new ByteSink();
  const present = Uint8Array.from(values, (text) => (text === null ? 0 : 1));
  for (const text of values) if (text !== null) writeText(sink, encoder.encode(text));
  const nulls = present.length - present.reduce((sum, each) => sum + each, 0);
  return { bytes: sink.taken(), present: nulls === 0 ? null : present, nulls, least: null, greatest: null };
}

/** A byte array in PLAIN: its length in four bytes, little end first, then its bytes. */
export function writeText(sink: ByteSink, text: Uint8Array): void {
  for (let shift = 0; shift < 32; shift += 8) sink.byte((text.length >>> shift) & 0xff);
  sink.bytes(text);
}

function withoutNulls(values: Words, present: Uint8Array): Pick<PageValues, "bytes" | "present" | "nulls"> {
  const kept = values.slice();
  let count = 0;
  for (let row = 0; row < values.length; row++) if (present[row] === 1) kept[count++] = values[row]!;
  const nulls = values.length - count;
  return { bytes: bytesOf(kept.subarray(0, count)), present: nulls === 0 ? null : present, nulls };
}
