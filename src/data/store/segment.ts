import { endianness } from "node:os";
import { crc32 } from "node:zlib";
import type { FilePart } from "./disk.ts";
import type { StoredDtype, StoredValues } from "./panel-store.ts";

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

/** A file up to this size is put together in memory and is one part. */
const ONE_PART = 2 ** 17;

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

/**
 * A rectangle on its way into a file; `columns[i]` holds field i as `[row][lane]`, and is not copied when large. The
 * header comes last, because the checksums are computed part by part while the part before is written. Lanes are a
 * multiple of 16, so that fields need no padding between them. The constructor throws `RangeError` on another shape.
 */
export class SegmentEncoder {
  readonly #json: Uint8Array;
  readonly #header: SegmentHeader;
  readonly #data: readonly Uint8Array[];
  #checksum: number | null = null;

  constructor(content: SegmentContent, columns: readonly StoredValues[], chunkRows = CHUNK_ROWS) {
    if (endianness() !== "LE") throw new RangeError("the store is written on little-endian machines only");
    if (content.lanes % 16 !== 0 || content.rows < 1) {
      throw new RangeError(`a segment of ${content.rows} rows × ${content.lanes} lanes cannot be laid out`);
    }
    const { json, header } = layOut(content, chunkRows);
    this.#json = json;
    this.#header = header;
    this.#data = columns.map((values, index) => {
      const { dtype, name } = content.fields[index]!;
      const fits = values.length === content.rows * content.lanes;
      if (!fits || values.BYTES_PER_ELEMENT !== bytesPerValue(dtype)) {
        throw new RangeError(
          `field ${name}: ${values.length} values of ${values.BYTES_PER_ELEMENT} bytes do not fit`,
        );
      }
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    });
  }

  /** What was written. Throws `TypeError` before all parts have been taken. */
  get header(): SegmentHeader {
    if (this.#checksum === null) throw new TypeError("the segment is not written yet");
    return { ...this.#header, checksum: this.#checksum };
  }

  /** Bytes it will have. */
  get bytes(): number {
    return this.#header.fileBytes;
  }

  /** All of it in memory, taken once and instead of the parts. */
  whole(): Uint8Array {
    const parts = [...this.parts()];
    if (parts.length === 1) return parts[0]!.bytes;
    const bytes = new Uint8Array(this.bytes);
    for (const part of parts) bytes.set(part.bytes, part.at);
    return bytes;
  }

  *parts(): Generator<FilePart> {
    const { offsets, fileBytes } = this.#header;
    if (fileBytes > ONE_PART) {
      for (const [field, bytes] of this.#data.entries()) {
        yield { at: offsets[field]!, bytes };
        this.#sum(field);
      }
      yield { at: 0, bytes: this.#sealedHeader() };
      return;
    }
    const file = new Uint8Array(fileBytes);
    for (const [field, bytes] of this.#data.entries()) {
      this.#sum(field);
      file.set(bytes, offsets[field]);
    }
    file.set(this.#sealedHeader());
    yield { at: 0, bytes: file };
  }

  #sum(field: number): void {
    const { rows, lanes, chunkRows, checksums, fields } = this.#header;
    const chunks = Math.ceil(rows / chunkRows);
    const chunkBytes = chunkRows * lanes * bytesPerValue(fields[field]!.dtype);
    const bytes = this.#data[field]!;
    for (let chunk = 0; chunk < chunks; chunk++) {
      checksums[field * chunks + chunk] = checksumOf(
        bytes.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes),
      );
    }
  }

  #sealedHeader(): Uint8Array {
    const header = this.#header;
    const bytes = new Uint8Array(header.headerBytes);
    const view = new DataView(bytes.buffer);
    new TextEncoder().encodeInto(MAGIC, bytes);
    view.setUint32(8, VERSION, true);
    view.setUint32(12, header.headerBytes, true);
    view.setUint32(20, header.block, true);
    view.setInt32(24, header.from, true);
    view.setUint32(28, header.rows, true);
    view.setUint32(32, header.lanes, true);
    view.setUint32(36, header.fields.length, true);
    view.setUint32(40, header.chunkRows, true);
    view.setUint32(44, header.generation, true);
    view.setBigUint64(48, BigInt(header.fileBytes), true);
    view.setUint32(56, this.#json.length, true);
    bytes.set(this.#json, FIXED_BYTES);
    const table = FIXED_BYTES + aligned4(this.#json.length);
    header.checksums.forEach((sum, index) => view.setUint32(table + 4 * index, sum, true));
    this.#checksum = checksumOf(bytes);
    view.setUint32(CHECKSUM_AT, this.#checksum, true);
    return bytes;
  }
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
