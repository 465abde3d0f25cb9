import { endianness } from "node:os";
import { crc32 } from "node:zlib";
import type { StoredDtype } from "./panel-store.ts";

/**
 * The segment file: one rectangle of a field set, `[field][row][lane]`, raw little-endian behind a header that says
 * where each field begins and what each chunk of its rows sums to. The layout is public: docs/reference/store-format.md.
 *
 * header = 64 fixed bytes, JSON description, CRC-32 of every (field, chunk), zeros up to a multiple of 64.
 */
const MAGIC = "ALPHASEG";
const VERSION = 1;
const FIXED_BYTES = 64;
const ALIGNMENT = 64;
const CHECKSUM_AT = 16;

/** Rows that share a checksum: 32 KB of a float32 field, so that a short read verifies little more than it wants. */
export const CHUNK_ROWS = 256;

export interface SegmentField {
  readonly name: string;
  readonly dtype: StoredDtype;
  readonly unit: string;
}

/** What a segment holds. Rows are absolute: they never change when earlier history joins the store. */
export interface SegmentContent {
  readonly set: string;
  readonly block: number;
  readonly from: number;
  readonly rows: number;
  readonly lanes: number;
  readonly generation: number;
  readonly fields: readonly SegmentField[];
}

export interface SegmentHeader extends SegmentContent {
  readonly chunkRows: number;
  readonly headerBytes: number;
  readonly fileBytes: number;
  /** Byte at which each field begins. */
  readonly offsets: readonly number[];
  /** `[field][chunk]`. */
  readonly checksums: Uint32Array;
  /** CRC-32 of the header itself; the manifest repeats it. */
  readonly checksum: number;
}

export const bytesPerValue = (dtype: StoredDtype): 4 | 8 => (dtype === "f32" ? 4 : 8);
const numpyDtype = { f32: "<f4", f64: "<f8" } as const;
const dtypeOfNumpy: Readonly<Record<string, StoredDtype>> = { "<f4": "f32", "<f8": "f64" };

/** CRC-32 as in zlib and PNG. */
export const checksumOf = (bytes: Uint8Array): number => crc32(bytes);

export const chunksOf = (header: { readonly rows: number; readonly chunkRows: number }): number =>
  Math.ceil(header.rows / header.chunkRows);

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

interface Description {
  readonly set: string;
  readonly fields: readonly { name: string; dtype: string; unit: string; offset: number }[];
}

/** Where everything lies. The offsets stand in the JSON whose length moves them, so it is laid out until it holds still. */
function layOut(content: SegmentContent, chunkRows: number): { json: Uint8Array; header: SegmentHeader } {
  const chunks = Math.ceil(content.rows / chunkRows);
  let headerBytes = FIXED_BYTES;
  for (;;) {
    const offsets: number[] = [];
    let at = headerBytes;
    for (const field of content.fields) {
      offsets.push(at);
      at += content.rows * content.lanes * bytesPerValue(field.dtype);
    }
    const description: Description = {
      set: content.set,
      fields: content.fields.map(({ name, dtype, unit }, index) => ({
        name,
        dtype: numpyDtype[dtype],
        unit,
        offset: offsets[index]!,
      })),
    };
    const json = new TextEncoder().encode(JSON.stringify(description));
    const needed = aligned(FIXED_BYTES + aligned4(json.length) + 4 * content.fields.length * chunks);
    if (needed <= headerBytes) {
      const checksums = new Uint32Array(content.fields.length * chunks);
      return {
        json,
        header: { ...content, chunkRows, headerBytes, fileBytes: at, offsets, checksums, checksum: 0 },
      };
    }
    headerBytes = needed;
  }
}

const aligned4 = (bytes: number): number => Math.ceil(bytes / 4) * 4;

export interface EncodedSegment {
  readonly header: SegmentHeader;
  /** Header, then the fields' own bytes: nothing is copied. */
  readonly parts: readonly Uint8Array[];
}

/**
 * Encodes a rectangle; `columns[i]` holds field i as `[row][lane]`. Lanes are a multiple of 16, so that fields need no
 * padding between them. Throws `RangeError` on another shape.
 */
export function encodeSegment(
  content: SegmentContent,
  columns: readonly (Float32Array | Float64Array)[],
  chunkRows = CHUNK_ROWS,
): EncodedSegment {
  if (endianness() !== "LE") throw new RangeError("the store is written on little-endian machines only");
  if (content.lanes % 16 !== 0 || content.rows < 1) {
    throw new RangeError(`a segment of ${content.rows} rows × ${content.lanes} lanes cannot be laid out`);
  }
  const { json, header } = layOut(content, chunkRows);
  const chunks = chunksOf(header);
  const data = columns.map((values, index) => {
    const { dtype, name } = content.fields[index]!;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const fits = values.length === content.rows * content.lanes;
    if (!fits || values.BYTES_PER_ELEMENT !== bytesPerValue(dtype)) {
      throw new RangeError(
        `field ${name}: ${values.length} values of ${values.BYTES_PER_ELEMENT} bytes do not fit`,
      );
    }
    const chunkBytes = chunkRows * content.lanes * values.BYTES_PER_ELEMENT;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const part = bytes.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes);
      header.checksums[index * chunks + chunk] = checksumOf(part);
    }
    return bytes;
  });
  const bytes = new Uint8Array(header.headerBytes);
  const view = new DataView(bytes.buffer);
  new TextEncoder().encodeInto(MAGIC, bytes);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, header.headerBytes, true);
  view.setUint32(20, content.block, true);
  view.setInt32(24, content.from, true);
  view.setUint32(28, content.rows, true);
  view.setUint32(32, content.lanes, true);
  view.setUint32(36, content.fields.length, true);
  view.setUint32(40, chunkRows, true);
  view.setUint32(44, content.generation, true);
  view.setBigUint64(48, BigInt(header.fileBytes), true);
  view.setUint32(56, json.length, true);
  bytes.set(json, FIXED_BYTES);
  const table = FIXED_BYTES + aligned4(json.length);
  header.checksums.forEach((sum, index) => view.setUint32(table + 4 * index, sum, true));
  const checksum = checksumOf(bytes);
  view.setUint32(CHECKSUM_AT, checksum, true);
  return { header: { ...header, checksum }, parts: [bytes, ...data] };
}

/** Why a header cannot be used. */
export type HeaderFault = "truncated" | "not a segment" | "damaged" | "newer version";

/** Bytes of the header, from the file's first 64; null when these cannot be a segment's. */
export function headerBytesOf(start: Uint8Array): number | null {
  if (start.length < FIXED_BYTES || new TextDecoder().decode(start.subarray(0, 8)) !== MAGIC) return null;
  return new DataView(start.buffer, start.byteOffset).getUint32(12, true);
}

/** Reads a header from the file's first bytes (at least the whole header). */
export function decodeHeader(start: Uint8Array): SegmentHeader | HeaderFault {
  const headerBytes = headerBytesOf(start);
  if (headerBytes === null) return start.length < FIXED_BYTES ? "truncated" : "not a segment";
  if (headerBytes < FIXED_BYTES || headerBytes > start.length) return "damaged";
  const bytes = start.slice(0, headerBytes);
  const view = new DataView(bytes.buffer);
  const checksum = view.getUint32(CHECKSUM_AT, true);
  view.setUint32(CHECKSUM_AT, 0, true);
  if (checksumOf(bytes) !== checksum) return "damaged";
  if (view.getUint32(8, true) !== VERSION) return "newer version";
  const jsonBytes = view.getUint32(56, true);
  const text = new TextDecoder().decode(bytes.subarray(FIXED_BYTES, FIXED_BYTES + jsonBytes));
  const description = JSON.parse(text) as Description;
  const rows = view.getUint32(28, true);
  const chunkRows = view.getUint32(40, true);
  const checksums = new Uint32Array(description.fields.length * Math.ceil(rows / chunkRows));
  const table = FIXED_BYTES + aligned4(jsonBytes);
  for (let index = 0; index < checksums.length; index++)
    checksums[index] = view.getUint32(table + 4 * index, true);
  return {
    set: description.set,
    block: view.getUint32(20, true),
    from: view.getInt32(24, true),
    rows,
    lanes: view.getUint32(32, true),
    generation: view.getUint32(44, true),
    fields: description.fields.map(({ name, dtype, unit }) => ({ name, dtype: dtypeOfNumpy[dtype]!, unit })),
    chunkRows,
    headerBytes,
    fileBytes: Number(view.getBigUint64(48, true)),
    offsets: description.fields.map(({ offset }) => offset),
    checksums,
    checksum,
  };
}
