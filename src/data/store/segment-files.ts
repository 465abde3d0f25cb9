import { DataError } from "../errors.ts";
import type { StoreAxis } from "./axis.ts";
import { describeRows } from "./axis.ts";
import type { DiskRead, ReadOutcome } from "./disk.ts";
import type { SegmentEntry } from "./manifest.ts";
import { segmentKey, segmentPath } from "./manifest.ts";
import { PackWindows } from "./pack-windows.ts";
import type { SegmentHeader } from "./segment.ts";
import { bytesPerValue, checksumOf, chunksOf, decodeHeader, headerBytesOf } from "./segment.ts";
import type { Storage } from "./storage.ts";

/** Rows `[from, to)` of a field, into an array that holds exactly these rows. */
export interface FieldRead {
  readonly field: string;
  readonly from: number;
  readonly to: number;
  readonly into: Float32Array | Float64Array;
}

/** Where a store's bytes are not what they were. Without `field` it is the whole file. Absolute rows. */
export interface Damage {
  readonly entry: SegmentEntry;
  readonly file: string;
  readonly field?: string;
  readonly from: number;
  readonly to: number;
  readonly what: string;
}

export function damageError(damage: Damage, axis: StoreAxis): DataError {
  const { entry, field, file } = damage;
  const rows = describeRows(axis, damage.from, damage.to);
  const where = `set ${entry.set}, block ${entry.block}, ${field === undefined ? "all fields" : `field ${field}`}, ${rows}`;
  return new DataError("STORE_DAMAGED", `${file}: ${damage.what} (${where})`, {
    remedy:
      "run `alphaloom data verify` to see all damage and `alphaloom data repair` to recompute what can be",
    place: field === undefined ? { file } : { file, column: field },
  });
}

/** Thrown inside, and turned into a coded error where the dates are known. */
export class DamageFound extends Error {
  override readonly name = "DamageFound";
  readonly damage: Damage;
  constructor(damage: Damage) {
    super(damage.what);
    this.damage = damage;
  }
}

/** One read covers a header of this size; most are smaller, and small files come whole. */
const FIRST_READ = 65_536;
/** Headers kept in memory. */
const KEPT_FILES = 4096;
/** Pieces are read together across gaps of this size, up to this total. */
const GATHER_GAP = 16_384;
const GATHER_BYTES = 2 ** 20;
/** What goes straight to its place in shorter pieces than this is gathered instead. */
const SMALL_READ = 2 ** 16;
/** Straight reads are cut here, so that several threads read at once. */
const STRAIGHT_BYTES = 2 ** 21;

interface OpenSegment {
  readonly entry: SegmentEntry;
  readonly header: SegmentHeader;
  readonly fieldIndex: ReadonlyMap<string, number>;
  /** One flag per (field, chunk) whose bytes have matched their checksum. */
  readonly verified: Uint8Array;
  /** A small file's bytes, between the read of its header and the first read of its values. */
  whole: Uint8Array | null;
}

/** A contiguous part of a field on its way from the file into an array. */
interface Piece {
  readonly want: FieldRead;
  readonly field: number;
  /** Rows within the segment, widened to whole chunks where a checksum is still to be seen. */
  readonly from: number;
  readonly to: number;
  readonly at: number;
  readonly bytes: number;
  /** The bytes may go straight to where they are wanted: as many rows and of the same width. */
  readonly direct: boolean;
}

/** Reads values out of segment files; every chunk is checked against its checksum the first time it is read. */
export class SegmentFiles {
  readonly #storage: Storage;
  readonly #open = new Map<string, OpenSegment>();
  readonly #packs: PackWindows;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#packs = new PackWindows(storage);
  }

  /** Fills the arrays. A field of another width is converted. Throws {@link DamageFound}. */
  async read(entry: SegmentEntry, wants: readonly FieldRead[]): Promise<void> {
    const segment = await this.#segment(entry);
    const pieces = wants.map((want) => pieceOf(segment, want)).sort((a, b) => a.at - b.at);
    const reads: DiskRead[] = [];
    const arrivals: { readonly piece: Piece; readonly bytes: Uint8Array }[] = [];
    for (let first = 0; first < pieces.length;) {
      const start = pieces[first]!;
      const isStraight = straightBytes(pieces, first) >= SMALL_READ;
      const run = isStraight ? straightRun(pieces, first) : gatheredRun(pieces, first);
      const length = endOfRun(pieces, first, run) - start.at;
      const own = start.want.into;
      const into = isStraight ? new Uint8Array(own.buffer, own.byteOffset, length) : new Uint8Array(length);
      reads.push({ at: start.at, into });
      for (; first < run; first++) {
        const piece = pieces[first]!;
        arrivals.push({
          piece,
          bytes: into.subarray(piece.at - start.at, piece.at - start.at + piece.bytes),
        });
      }
    }
    const outcome = await this.#fill(segment, reads);
    if (outcome !== "whole") throw new DamageFound(this.#unreadable(entry, outcome));
    for (const { piece, bytes } of arrivals) {
      this.#verify(segment, piece, bytes);
      if (bytes.buffer !== piece.want.into.buffer) deliver(segment, piece, bytes);
    }
  }

  /** Every fault of a file, its values included; a field chunk at a time. */
  async damagesOf(entry: SegmentEntry): Promise<Damage[]> {
    this.forget(entry);
    const size = entry.pack === undefined ? await this.#storage.size(segmentPath(entry)) : null;
    if (size !== null && size !== entry.bytes) {
      return [this.#wholeFile(entry, `the file has ${size} bytes, ${entry.bytes} were written`)];
    }
    let segment: OpenSegment;
    try {
      segment = await this.#segment(entry);
    } catch (error) {
      if (error instanceof DamageFound) return [error.damage];
      throw error;
    }
    const found: Damage[] = [];
    const { header } = segment;
    for (const [index, field] of header.fields.entries()) {
      const width = bytesPerValue(field.dtype) * header.lanes;
      const bytes = new Uint8Array(header.rows * width);
      const outcome = await this.#fill(segment, [{ at: header.offsets[index]!, into: bytes }]);
      if (outcome !== "whole") return [...found, this.#unreadable(entry, outcome)];
      found.push(...this.#mismatches(segment, { field: index, from: 0, to: header.rows }, bytes));
    }
    return found;
  }

  /** The fields and row chunks a file has, for those who recompute them. Throws {@link DamageFound}. */
  async headerOf(entry: SegmentEntry): Promise<SegmentHeader> {
    return (await this.#segment(entry)).header;
  }

  forget(entry: SegmentEntry): void {
    this.#open.delete(segmentKey(entry));
    if (entry.pack !== undefined) this.#packs.forget(entry.pack.file);
  }

  /** From what the header's read brought along, when that was the whole segment, or from the file. */
  async #fill(segment: OpenSegment, reads: readonly DiskRead[]): Promise<ReadOutcome> {
    const { whole, entry } = segment;
    segment.whole = null;
    if (whole === null) {
      const start = entry.pack?.at ?? 0;
      return this.#storage.read(
        segmentPath(entry),
        start === 0 ? reads : reads.map(({ at, into }) => ({ at: start + at, into })),
      );
    }
    for (const { at, into } of reads) into.set(whole.subarray(at, at + into.length));
    return "whole";
  }

  async #segment(entry: SegmentEntry): Promise<OpenSegment> {
    const key = segmentKey(entry);
    const known = this.#open.get(key);
    if (known !== undefined && known.header.checksum === entry.checksum) {
      this.#open.delete(key);
      this.#open.set(key, known);
      return known;
    }
    const { header, start } = await this.#readHeader(entry);
    const segment = {
      entry,
      header,
      whole: start.length === entry.bytes ? start : null,
      fieldIndex: new Map(header.fields.map((field, index) => [field.name, index])),
      verified: new Uint8Array(header.checksums.length),
    };
    this.#open.set(key, segment);
    if (this.#open.size > KEPT_FILES) this.#open.delete(this.#open.keys().next().value!);
    return segment;
  }

  /** The first bytes of a segment, all of a small one: of a pack with those that follow it there, for the next reader. */
  async #start(entry: SegmentEntry): Promise<Uint8Array | ReadOutcome> {
    const length = Math.min(FIRST_READ, entry.bytes);
    if (entry.pack !== undefined) return await this.#packs.read(entry.pack, length);
    const start = new Uint8Array(length);
    const outcome = await this.#storage.read(segmentPath(entry), [{ at: 0, into: start }]);
    return outcome === "whole" ? start : outcome;
  }

  async #readHeader(
    entry: SegmentEntry,
  ): Promise<{ readonly header: SegmentHeader; readonly start: Uint8Array }> {
    const path = segmentPath(entry);
    const damaged = (what: string): DamageFound => new DamageFound(this.#wholeFile(entry, what));
    let start = await this.#start(entry);
    if (typeof start === "string") throw new DamageFound(this.#unreadable(entry, start));
    const headerBytes = headerBytesOf(start);
    if (headerBytes !== null && headerBytes > start.length && headerBytes <= entry.bytes) {
      start = new Uint8Array(headerBytes);
      const outcome = await this.#storage.read(path, [{ at: entry.pack?.at ?? 0, into: start }]);
      if (outcome !== "whole") throw new DamageFound(this.#unreadable(entry, outcome));
    }
    const header = decodeHeader(start);
    if (header === "newer version") {
      throw new DataError(
        "STORE_FORMAT",
        `${this.#storage.locate(path)} is of a version this does not read`,
        {
          remedy: "use the version of Alphaloom that wrote the store",
          place: { file: this.#storage.locate(path) },
        },
      );
    }
    if (typeof header === "string") throw damaged(`the header is ${header}`);
    if (header.checksum !== entry.checksum) throw damaged("the header is not the one the manifest lists");
    return { header, start };
  }

  #verify(segment: OpenSegment, piece: Piece, bytes: Uint8Array): void {
    const { field, from, to } = piece;
    const [damage] = this.#mismatches(segment, { field, from, to }, bytes);
    if (damage !== undefined) throw new DamageFound(damage);
  }

  /** Checks the whole chunks among these rows that have not been checked yet. */
  #mismatches(
    segment: OpenSegment,
    rows: { readonly field: number; readonly from: number; readonly to: number },
    bytes: Uint8Array,
  ): Damage[] {
    const { header, entry, verified } = segment;
    const { chunkRows } = header;
    const chunks = chunksOf(header);
    const width = bytesPerValue(header.fields[rows.field]!.dtype) * header.lanes;
    const found: Damage[] = [];
    for (let chunk = Math.ceil(rows.from / chunkRows); chunk < chunks; chunk++) {
      const start = chunk * chunkRows;
      const end = Math.min(start + chunkRows, header.rows);
      if (end > rows.to) break;
      const flag = rows.field * chunks + chunk;
      if (verified[flag] === 1) continue;
      const part = bytes.subarray((start - rows.from) * width, (end - rows.from) * width);
      if (checksumOf(part) === header.checksums[flag]) verified[flag] = 1;
      else {
        found.push({
          entry,
          file: this.#storage.locate(segmentPath(entry)),
          field: header.fields[rows.field]!.name,
          from: entry.from + start,
          to: entry.from + end,
          what: "stored values differ from their checksum",
        });
      }
    }
    return found;
  }

  #unreadable(entry: SegmentEntry, outcome: ReadOutcome): Damage {
    return this.#wholeFile(entry, outcome === "missing" ? "the file is missing" : "the file ends too early");
  }

  #wholeFile(entry: SegmentEntry, what: string): Damage {
    return { entry, file: this.#storage.locate(segmentPath(entry)), from: entry.from, to: entry.to, what };
  }
}

function pieceOf(segment: OpenSegment, want: FieldRead): Piece {
  const { header, entry, verified } = segment;
  const field = segment.fieldIndex.get(want.field);
  if (field === undefined || want.from < entry.from || want.to > entry.to) {
    throw new RangeError(`${segmentPath(entry)} has no rows ${want.from}…${want.to} of ${want.field}`);
  }
  const { dtype } = header.fields[field]!;
  const { chunkRows, rows, lanes } = header;
  const width = bytesPerValue(dtype) * lanes;
  let from = want.from - entry.from;
  let to = want.to - entry.from;
  const chunks = chunksOf(header);
  const isVerified = (row: number): boolean => verified[field * chunks + Math.floor(row / chunkRows)] === 1;
  if (!isVerified(from)) from = Math.floor(from / chunkRows) * chunkRows;
  if (!isVerified(to - 1)) to = Math.min(Math.ceil(to / chunkRows) * chunkRows, rows);
  const exact = to - from === want.to - want.from;
  return {
    want,
    field,
    from,
    to,
    at: header.offsets[field]! + from * width,
    bytes: (to - from) * width,
    direct: exact && want.into.BYTES_PER_ELEMENT === bytesPerValue(dtype),
  };
}

/** End of the pieces from `first` on that follow one another in the file and in memory alike. */
function straightRun(pieces: readonly Piece[], first: number): number {
  let next = first + 1;
  for (; next < pieces.length; next++) {
    const before = pieces[next - 1]!;
    const piece = pieces[next]!;
    const end = before.want.into.byteOffset + before.want.into.byteLength;
    const follows = piece.direct && piece.at === before.at + before.bytes;
    if (!follows || piece.want.into.buffer !== before.want.into.buffer || piece.want.into.byteOffset !== end)
      break;
    if (piece.at + piece.bytes - pieces[first]!.at > STRAIGHT_BYTES) break;
  }
  return next;
}

function straightBytes(pieces: readonly Piece[], first: number): number {
  const start = pieces[first]!;
  return start.direct ? endOfRun(pieces, first, straightRun(pieces, first)) - start.at : 0;
}

function endOfRun(pieces: readonly Piece[], first: number, next: number): number {
  let end = 0;
  for (let index = first; index < next; index++)
    end = Math.max(end, pieces[index]!.at + pieces[index]!.bytes);
  return end;
}

/** End of the pieces from `first` on that are read together, with what lies between, to be copied out. */
function gatheredRun(pieces: readonly Piece[], first: number): number {
  const start = pieces[first]!.at;
  let end = start + pieces[first]!.bytes;
  let next = first + 1;
  for (; next < pieces.length; next++) {
    const piece = pieces[next]!;
    if (piece.at > end + GATHER_GAP || (piece.direct && piece.bytes >= SMALL_READ)) break;
    if (piece.at + piece.bytes - start > GATHER_BYTES) break;
    end = Math.max(end, piece.at + piece.bytes);
  }
  return next;
}

/** Copies the wanted rows out of what was read, converting the width when the array is of another. */
function deliver(segment: OpenSegment, piece: Piece, bytes: Uint8Array): void {
  const { entry, header } = segment;
  const { want } = piece;
  const width = bytesPerValue(header.fields[piece.field]!.dtype);
  const skip = (want.from - entry.from - piece.from) * width * header.lanes;
  const start = bytes.byteOffset + skip;
  const values =
    width === 4
      ? new Float32Array(bytes.buffer, start, want.into.length)
      : new Float64Array(bytes.buffer, start, want.into.length);
  want.into.set(values);
}
