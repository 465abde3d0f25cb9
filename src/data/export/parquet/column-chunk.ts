import { ByteSink, encodeStruct, type ThriftStruct } from "./compact-thrift.ts";
import { isCodedText, type CodedText, type ParquetColumn, type ParquetValues } from "./column-values.ts";
import { CODEC, compressed, type Compression } from "./compression.ts";
import { plainValues, writeText, type PageValues, type Slice } from "./page-values.ts";
import { runLengths } from "./run-length.ts";
import { physicalType } from "./schema.ts";

const PLAIN = 0;
const RLE = 3;
const RLE_DICTIONARY = 8;
const DATA_PAGE = 0;
const DICTIONARY_PAGE = 2;

/** One column of a row group: its pages, compressed as they come, and what the footer says about them. */
export class ColumnChunk {
  readonly #column: ParquetColumn;
  readonly #compression: Compression;
  readonly #pages: Uint8Array[] = [];
  readonly #dictionary = new LocalDictionary();
  #isCoded = false;
  #rows = 0;
  #nulls = 0;
  #plainBytes = 0;
  #least: Uint8Array | null = null;
  #greatest: Uint8Array | null = null;

  constructor(column: ParquetColumn, compression: Compression) {
    this.#column = column;
    this.#compression = compression;
  }

  /** Adds a page of these rows. */
  async add(values: ParquetValues, slice: Slice): Promise<void> {
    const isCoded = isCodedText(values);
    if (this.#rows > 0 && isCoded !== this.#isCoded)
      throw new RangeError(`column ${this.#column.name} comes coded and uncoded`);
    this.#isCoded = isCoded;
    const page = isCoded ? this.#dictionary.page(values, slice) : plainValues(this.#column, values, slice);
    this.#rows += slice.rows;
    this.#nulls += page.nulls;
    this.#widen(page);
    const levels = runLengths(page.present ?? new Uint8Array(slice.rows).fill(1), 1);
    const payload = new Uint8Array(4 + levels.length + page.bytes.length);
    new DataView(payload.buffer).setUint32(0, levels.length, true);
    payload.set(levels, 4);
    payload.set(page.bytes, 4 + levels.length);
    await this.#keep(payload, [
      5,
      {
        struct: [
          [1, { i32: slice.rows }],
          [2, { i32: isCoded ? RLE_DICTIONARY : PLAIN }],
          [3, { i32: RLE }],
          [4, { i32: RLE }],
        ],
      },
    ]);
  }

  /** The chunk's bytes and its metadata, for a place in the file. */
  async finish(place: number): Promise<{
    readonly bytes: readonly Uint8Array[];
    readonly chunk: ThriftStruct;
    readonly length: number;
    readonly plainBytes: number;
  }> {
    const dataPages = this.#pages.splice(0);
    if (this.#isCoded) {
      const { bytes, count, least, greatest } = this.#dictionary.finish();
      [this.#least, this.#greatest] = [least, greatest];
      await this.#keep(bytes, [
        7,
        {
          struct: [
            [1, { i32: count }],
            [2, { i32: PLAIN }],
          ],
        },
      ]);
    }
    const dictionaryPages = this.#pages;
    const length = sizeOf(dictionaryPages) + sizeOf(dataPages);
    const statistics: ThriftStruct = [
      [3, { i64: this.#nulls }],
      ...(this.#least === null || this.#greatest === null
        ? []
        : ([
            [5, { binary: this.#greatest }],
            [6, { binary: this.#least }],
          ] as const)),
    ];
    const metadata: ThriftStruct = [
      [1, { i32: physicalType[this.#column.type] }],
      [2, { i32s: this.#isCoded ? [PLAIN, RLE, RLE_DICTIONARY] : [PLAIN, RLE] }],
      [3, { texts: [this.#column.name] }],
      [4, { i32: CODEC[this.#compression] }],
      [5, { i64: this.#rows }],
      [6, { i64: this.#plainBytes }],
      [7, { i64: length }],
      [9, { i64: place + sizeOf(dictionaryPages) }],
      ...(this.#isCoded ? ([[11, { i64: place }]] as const) : []),
      [12, { struct: statistics }],
    ];
    return {
      bytes: [...dictionaryPages, ...dataPages],
      chunk: [
        [2, { i64: place }],
        [3, { struct: metadata }],
      ],
      length,
      plainBytes: this.#plainBytes,
    };
  }

  async #keep(payload: Uint8Array, header: ThriftStruct[number]): Promise<void> {
    // Pages lie in the order they were added, whichever is compressed first.
    const place = this.#pages.length;
    this.#pages.push(payload, payload);
    const body = await compressed(payload, this.#compression);
    const head = encodeStruct([
      [1, { i32: header[0] === 5 ? DATA_PAGE : DICTIONARY_PAGE }],
      [2, { i32: payload.length }],
      [3, { i32: body.length }],
      header,
    ]);
    this.#pages[place] = head;
    this.#pages[place + 1] = body;
    this.#plainBytes += payload.length + head.length;
  }

  #widen({ least, greatest }: Pick<PageValues, "least" | "greatest">): void {
    if (least !== null && (this.#least === null || isLess(least, this.#least))) this.#least = least;
    if (greatest !== null && (this.#greatest === null || isLess(this.#greatest, greatest)))
      this.#greatest = greatest;
  }
}

function sizeOf(pages: readonly Uint8Array[]): number {
  return pages.reduce((sum, page) => sum + page.length, 0);
}

/** Order of two integers of four or eight bytes, little end first. */
function isLess(left: Uint8Array, right: Uint8Array): boolean {
  const [a, b] = [viewOf(left), viewOf(right)];
  return left.length === 4
    ? a.getInt32(0, true) < b.getInt32(0, true)
    : a.getBigInt64(0, true) < b.getBigInt64(0, true);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

const encoder = new TextEncoder();

/** The texts that a row group uses, numbered as they come. */
class LocalDictionary {
  readonly #places = new Map<number, number>();
  readonly #texts: string[] = [];

  page({ codes, dictionary }: CodedText, { from, rows }: Slice): PageValues {
    const present = new Uint8Array(rows);
    const places = new Int32Array(rows);
    let count = 0;
    let [lastCode, lastPlace] = [-1, -1];
    for (let row = 0; row < rows; row++) {
      const code = codes[from + row]!;
      if (code < 0) continue;
      present[row] = 1;
      if (code !== lastCode) [lastCode, lastPlace] = [code, this.#place(code, dictionary)];
      places[count++] = lastPlace;
    }
    const bitWidth = Math.max(1, 32 - Math.clz32(Math.max(0, this.#texts.length - 1)));
    const body = runLengths(places.subarray(0, count), bitWidth);
    const bytes = new Uint8Array(1 + body.length);
    bytes[0] = bitWidth;
    bytes.set(body, 1);
    const nulls = rows - count;
    return { bytes, present: nulls === 0 ? null : present, nulls, least: null, greatest: null };
  }

  finish(): {
    readonly bytes: Uint8Array;
    readonly count: number;
    readonly least: Uint8Array | null;
    readonly greatest: Uint8Array | null;
  } {
    const sink = new ByteSink();
    let least: Uint8Array | null = null;
    let greatest: Uint8Array | null = null;
    for (const text of this.#texts) {
      const bytes = encoder.encode(text);
      writeText(sink, bytes);
      if (least === null || Buffer.compare(bytes, least) < 0) least = bytes;
      if (greatest === null || Buffer.compare(bytes, greatest) > 0) greatest = bytes;
    }
    return { bytes: sink.taken(), count: this.#texts.length, least, greatest };
  }

  #place(code: number, dictionary: readonly string[]): number {
    const known = this.#places.get(code);
    if (known !== undefined) return known;
    const text = dictionary[code];
    if (text === undefined)
      throw new RangeError(`code ${code} of a dictionary of ${dictionary.length} texts`);
    const place = this.#texts.push(text) - 1;
    this.#places.set(code, place);
    return place;
  }
}
