/**
 * Thrift's compact protocol as far as Parquet's footer and page headers need it: structs of integers, texts, booleans,
 * lists and structs, written in the order of their field numbers. After the Thrift compact protocol specification.
 */
const I32 = 5;
const I64 = 6;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;
const TRUE = 1;
const FALSE = 2;

/** The fields of a struct by number, ascending. */
export type ThriftStruct = readonly (readonly [number, ThriftValue])[];

export type ThriftValue =
  | { readonly i32: number }
  /** Whole and below 2^53. */
  | { readonly i64: number }
  | { readonly bool: boolean }
  | { readonly binary: Uint8Array | string }
  | { readonly struct: ThriftStruct }
  | { readonly structs: readonly ThriftStruct[] }
  | { readonly i32s: readonly number[] }
  | { readonly texts: readonly string[] };

export function encodeStruct(struct: ThriftStruct): Uint8Array {
  const bytes = new ByteSink();
  writeStruct(bytes, struct);
  return bytes.taken();
}

const encoder = new TextEncoder();

/** Bytes that grow as they are written. */
export class ByteSink {
  #bytes = new Uint8Array(256);
  #length = 0;

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  bytes(values: Uint8Array): void {
    this.#room(values.length);
    this.#bytes.set(values, this.#length);
    this.#length += values.length;
  }

  /** Little end first, seven bits a byte; whole numbers below 2^53. */
  varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  taken(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const wider = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    wider.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = wider;
  }
}

function writeStruct(sink: ByteSink, struct: ThriftStruct): void {
  let last = 0;
  for (const [field, value] of struct) {
    const type = typeOf(value);
    if (field - last <= 15) sink.byte(((field - last) << 4) | type);
    else {
      sink.byte(type);
      sink.varint(zigzag(field));
    }
    last = field;
    writeValue(sink, value);
  }
  sink.byte(0);
}

function typeOf(value: ThriftValue): number {
  if ("i32" in value) return I32;
  if ("i64" in value) return I64;
  if ("bool" in value) return value.bool ? TRUE : FALSE;
  if ("binary" in value) return BINARY;
  return "struct" in value ? STRUCT : LIST;
}

function writeValue(sink: ByteSink, value: ThriftValue): void {
  if ("i32" in value) sink.varint(zigzag(value.i32));
  else if ("i64" in value) sink.varint(zigzag(value.i64));
  else if ("binary" in value) writeBinary(sink, value.binary);
  else if ("struct" in value) writeStruct(sink, value.struct);
  else if ("structs" in value) {
    listHeader(sink, value.structs.length, STRUCT);
    for (const struct of value.structs) writeStruct(sink, struct);
  } else if ("i32s" in value) {
    listHeader(sink, value.i32s.length, I32);
    for (const each of value.i32s) sink.varint(zigzag(each));
  } else if ("texts" in value) {
    listHeader(sink, value.texts.length, BINARY);
    for (const text of value.texts) writeBinary(sink, text);
  }
}

function writeBinary(sink: ByteSink, value: Uint8Array | string): void {
  const bytes = typeof value === "string" ? encoder.encode(value) : value;
  sink.varint(bytes.length);
  sink.bytes(bytes);
}

function listHeader(sink: ByteSink, length: number, type: number): void {
  if (length < 15) sink.byte((length << 4) | type);
  else {
    sink.byte(0xf0 | type);
    sink.varint(length);
  }
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}
