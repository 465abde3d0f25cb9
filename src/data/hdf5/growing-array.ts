/**
 * An array of a file that takes rows in any portions and writes them a whole chunk at a time: a write that covers a
 * chunk passes the library's cache by and is five times as fast as one that covers a part.
 */
import type { ElementType, Hdf5File } from "./hdf5-file.ts";
import { describeArray } from "./pandas-layout.ts";

const chunkBytes = 2 * 1024 * 1024;
const fewestChunkRows = 64;
const mostChunkRows = 65_536;

export type Elements =
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

export interface GrowingShape {
  readonly element: ElementType;
  /** Columns of a table; left out for a list. */
  readonly width?: number;
}

export class GrowingArray<Values extends Elements> {
  readonly path: string;
  private readonly file: Hdf5File;
  private readonly shape: GrowingShape;
  private readonly perRow: number;
  private readonly make: (length: number) => Values;
  private buffer: Values;
  private capacity: number;
  private filled = 0;
  private written: number;
  private created: boolean;

  constructor(
    file: Hdf5File,
    path: string,
    array: GrowingShape & { readonly make: (length: number) => Values; readonly existing?: { rows: number } },
  ) {
    this.file = file;
    this.path = path;
    this.shape = array;
    this.make = array.make;
    // Text counts its bytes as values, so that one buffer type serves all.
    this.perRow = (array.width ?? 1) * (array.element.kind === "text" ? array.element.bytes : 1);
    this.capacity = chunkRowsFor(this.shape);
    this.buffer = this.make(0);
    this.written = array.existing?.rows ?? 0;
    this.created = array.existing !== undefined;
  }

  /** Hands out the place of the next rows, at most `rows`; the caller fills it before the next call. */
  next(rows: number): { readonly values: Values; readonly at: number; readonly rows: number } {
    if (this.room === 0) this.flush();
    // The first rows added to an array that is there go to the end of its last chunk.
    const taken = Math.min(rows, this.room);
    if (this.buffer.length < (this.filled + taken) * this.perRow) this.enlarge(this.filled + taken);
    const at = this.filled * this.perRow;
    this.filled += taken;
    return { values: this.buffer, at, rows: taken };
  }

  /** Writes what is left, and the array itself when no row came. */
  finish(): void {
    this.flush();
  }

  private get room(): number {
    return this.capacity - (this.written % this.capacity) - this.filled;
  }

  private enlarge(rows: number): void {
    const doubled = Math.min(
      this.capacity,
      Math.max(rows, 2 * (this.buffer.length / this.perRow), fewestChunkRows),
    );
    const larger = this.make(doubled * this.perRow);
    larger.set(this.buffer as never);
    this.buffer = larger;
  }

  private flush(): void {
    const { file, path, shape } = this;
    if (!this.created) {
      const chunkRows = this.filled >= this.capacity ? this.capacity : chunkRowsFor(shape, this.filled);
      file.createArray(path, { ...shape, chunkRows });
      describeArray(file, path);
      this.created = true;
    }
    if (this.filled === 0) return;
    const end = this.written + this.filled;
    const extent = shape.width === undefined ? [end] : [end, shape.width];
    file.resize(path, extent);
    const data = this.buffer.subarray(0, this.filled * this.perRow);
    file.write(path, { start: this.written, end }, { shape: extent, data });
    this.written = end;
    this.filled = 0;
  }
}

/** Whole chunks of 2 MB; a small array gets a chunk of its own size, with room to grow. */
function chunkRowsFor(shape: GrowingShape, rows?: number): number {
  const full = Math.floor(chunkBytes / ((shape.width ?? 1) * shape.element.bytes));
  const most = Math.min(mostChunkRows, Math.max(1, full));
  if (rows === undefined) return most;
  return Math.min(most, Math.max(fewestChunkRows, 2 ** Math.ceil(Math.log2(Math.max(1, rows)))));
}
