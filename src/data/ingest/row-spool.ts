/**
 * The rows of a source regrouped by instrument with bounded memory. A source delivers in its own order, often day by day
 * over the whole market; the store wants one block of instruments at a time. Rows go into small chunks per instrument;
 * full chunks stay in memory up to a budget and go to one scratch file beyond it.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { BarBatch } from "#data/source";
import { asDataError } from "#data/system-errors";
import type { Day } from "#market/day";

/** Minutes since 1970 at which a bar ends; whole days for daily bars. One number orders both. */
export const MINUTES_PER_DAY = 1440;

/** All rows of one instrument in the order they arrived. Arrays have one length. */
export interface SpooledRows {
  readonly instrument: string;
  readonly moments: Float64Array;
  /** Where each row came from; see {@link RowSpool.placeOf}. */
  readonly origins: Float64Array;
  /** In the order of {@link RowSpool.columns}; NaN where a batch had no such column. */
  readonly columns: readonly Float64Array[];
}

/** The rows whose flag is set, in their order. */
export function keptRows(rows: SpooledRows, keep: Uint8Array): SpooledRows {
  if (!keep.includes(0)) return rows;
  const pick = (values: Float64Array): Float64Array => values.filter((_, at) => keep[at] === 1);
  return {
    instrument: rows.instrument,
    moments: pick(rows.moments),
    origins: pick(rows.origins),
    columns: rows.columns.map(pick),
  };
}

/** What is known of an instrument without reading its rows back. */
export interface SpooledInstrument {
  readonly instrument: string;
  readonly rows: number;
  readonly firstDay: Day;
  readonly lastDay: Day;
  /** Moments strictly increase as they arrived, so that no two rows share a key. */
  readonly ordered: boolean;
}

export interface RowSpoolOptions {
  /** Bytes of full chunks kept in memory. Default 256 MiB. */
  readonly memoryBytes?: number;
  /** Where the scratch file goes; default the system's temporary folder. */
  readonly folder?: string;
  readonly chunkRows?: number;
}

/** `count` rows of `2 + width` columns, each `stride` long: moments, origins, then the values. */
interface Chunk {
  readonly data: Float64Array;
  readonly stride: number;
  readonly width: number;
  count: number;
}

/** A chunk in the scratch file, columns packed to `count`. */
interface ParkedChunk {
  readonly offset: number;
  readonly width: number;
  readonly count: number;
}

interface Group {
  readonly instrument: string;
  readonly full: (Chunk | ParkedChunk)[];
  open: Chunk | undefined;
  first: number;
  last: number;
  latest: number;
  ordered: boolean;
}

const FIRST_CHUNK_ROWS = 32;
const ROWS_PER_FILE = 2 ** 32;
/** Runs of one instrument at least this long are copied column by column. */
const LONG_RUN = 8;

export class RowSpool implements Disposable {
  readonly columns: string[] = [];
  rows = 0;
  /** Bytes that went to the scratch file. */
  parkedBytes = 0;
  readonly #slots = new Map<string, number>();
  readonly #groups = new Map<string, Group>();
  readonly #files: string[] = [];
  readonly #fileCodes = new Map<string, number>();
  readonly #memoryBytes: number;
  readonly #chunkRows: number;
  readonly #folder: string;
  /** Arrays of parked chunks, to be filled again: making new ones costs more than filling them. */
  readonly #spare: Float64Array[] = [];
  #heldBytes = 0;
  #scratch: { readonly handle: number; readonly folder: string } | undefined;

  constructor(options: RowSpoolOptions = {}) {
    this.#memoryBytes = options.memoryBytes ?? 256 * 1024 * 1024;
    this.#chunkRows = options.chunkRows ?? 256;
    this.#folder = options.folder ?? os.tmpdir();
  }

  /** Takes the rows of a batch. Throws DATA_DISK_FULL when the scratch file cannot grow. */
  append(batch: BarBatch): void {
    const { instrument, days, minutes } = batch;
    const values = this.#slotsOf(batch);
    const groups = batch.instruments.map((id) => this.#groupOf(id));
    const origin = this.#fileCode(batch.origin.file) * ROWS_PER_FILE + batch.origin.firstRow;
    const rows = days.length;
    for (let from = 0; from < rows;) {
      const code = instrument[from]!;
      let to = from + 1;
      while (to < rows && instrument[to] === code) to++;
      const group = groups[code];
      if (group === undefined)
        throw new RangeError(`a batch of ${groups.length} instruments refers to number ${code}`);
      while (from < to) {
        const chunk = this.#roomIn(group, to - from);
        const count = Math.min(to - from, chunk.stride - chunk.count);
        const { data, stride } = chunk;
        const start = chunk.count;
        for (let i = 0; i < count; i++) {
          const moment = days[from + i]! * MINUTES_PER_DAY + (minutes === undefined ? 0 : minutes[from + i]!);
          data[start + i] = moment;
          data[stride + start + i] = origin + from + i;
          if (moment <= group.latest) group.ordered = false;
          group.latest = moment;
          if (moment < group.first) group.first = moment;
          if (moment > group.last) group.last = moment;
        }
        copyColumns(values, from, { data, stride, start, count });
        chunk.count += count;
        from += count;
      }
    }
    this.rows += rows;
  }

  /** Instruments that have rows, sorted by id. */
  instruments(): SpooledInstrument[] {
    return [...this.#groups.values()]
      .filter((group) => group.first !== Number.POSITIVE_INFINITY)
      .map((group) => ({
        instrument: group.instrument,
        rows: group.full.reduce((sum, chunk) => sum + chunk.count, group.open?.count ?? 0),
        firstDay: Math.floor(group.first / MINUTES_PER_DAY),
        lastDay: Math.floor(group.last / MINUTES_PER_DAY),
        ordered: group.ordered,
      }))
      .sort((a, b) => (a.instrument < b.instrument ? -1 : 1));
  }

  /** The rows of one instrument; empty when it has none. */
  rowsOf(instrument: string): SpooledRows {
    const group = this.#groups.get(instrument);
    const chunks =
      group === undefined ? [] : [...group.full, ...(group.open === undefined ? [] : [group.open])];
    const total = chunks.reduce((sum, chunk) => sum + chunk.count, 0);
    const moments = new Float64Array(total);
    const origins = new Float64Array(total);
    const columns = this.columns.map(() => new Float64Array(total));
    let at = 0;
    for (const chunk of chunks) {
      const { data, stride } = "data" in chunk ? chunk : this.#unpark(chunk);
      const part = (column: number): Float64Array =>
        data.subarray(column * stride, column * stride + chunk.count);
      moments.set(part(0), at);
      origins.set(part(1), at);
      for (const [slot, column] of columns.entries()) {
        if (slot < chunk.width) column.set(part(slot + 2), at);
        else column.fill(Number.NaN, at, at + chunk.count);
      }
      at += chunk.count;
    }
    return { instrument, moments, origins, columns };
  }

  /** As {@link rowsOf}, giving up the memory the rows took. */
  take(instrument: string): SpooledRows {
    const rows = this.rowsOf(instrument);
    for (const chunk of this.#groups.get(instrument)?.full ?? []) {
      if ("data" in chunk) this.#heldBytes -= chunk.data.byteLength;
    }
    this.#groups.delete(instrument);
    return rows;
  }

  /** File and 1-based row of an origin. */
  placeOf(origin: number): { readonly file: string; readonly row: number } {
    const file = Math.floor(origin / ROWS_PER_FILE);
    return { file: this.#files[file]!, row: origin - file * ROWS_PER_FILE };
  }

  [Symbol.dispose](): void {
    this.#groups.clear();
    if (this.#scratch === undefined) return;
    closeSync(this.#scratch.handle);
    rmSync(this.#scratch.folder, { recursive: true, force: true });
    this.#scratch = undefined;
  }

  /** The batch's columns by slot; a name met for the first time gets the next slot. */
  #slotsOf(batch: BarBatch): (Float64Array | undefined)[] {
    for (const name of batch.columns.keys()) {
      if (this.#slots.has(name)) continue;
      this.#slots.set(name, this.columns.length);
      this.columns.push(name);
    }
    return this.columns.map((name) => batch.columns.get(name));
  }

  #groupOf(instrument: string): Group {
    let group = this.#groups.get(instrument);
    if (group === undefined) {
      group = {
        instrument,
        full: [],
        open: undefined,
        first: Number.POSITIVE_INFINITY,
        last: Number.NEGATIVE_INFINITY,
        latest: Number.NEGATIVE_INFINITY,
        ordered: true,
      };
      this.#groups.set(instrument, group);
    }
    return group;
  }

  #fileCode(file: string): number {
    let code = this.#fileCodes.get(file);
    if (code === undefined) {
      code = this.#files.length;
      this.#files.push(file);
      this.#fileCodes.set(file, code);
    }
    return code;
  }

  /** The group's open chunk with room for at least one row; small at first, since many instruments have few rows. */
  #roomIn(group: Group, wanted: number): Chunk {
    const { open } = group;
    const width = this.columns.length;
    if (open !== undefined && open.count < open.stride && open.width === width) return open;
    if (open !== undefined) this.#seal(group, open);
    const grown = group.full.length === 0 && wanted < this.#chunkRows && open === undefined;
    const stride = grown ? Math.min(FIRST_CHUNK_ROWS, this.#chunkRows) : this.#chunkRows;
    const size = stride * (2 + width);
    const spare = this.#spare.at(-1)?.length === size ? this.#spare.pop() : undefined;
    group.open = { data: spare ?? new Float64Array(size), stride, width, count: 0 };
    return group.open;
  }

  #seal(group: Group, chunk: Chunk): void {
    group.open = undefined;
    if (this.#heldBytes + chunk.data.byteLength <= this.#memoryBytes) {
      this.#heldBytes += chunk.data.byteLength;
      group.full.push(chunk);
      return;
    }
    group.full.push(this.#park(chunk));
  }

  #park(chunk: Chunk): ParkedChunk {
    const { count, width, stride } = chunk;
    let packed = chunk.data;
    if (count < stride) {
      packed = new Float64Array(count * (2 + width));
      for (let column = 0; column < 2 + width; column++) {
        packed.set(chunk.data.subarray(column * stride, column * stride + count), column * count);
      }
    }
    const offset = this.parkedBytes;
    const bytes = new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
    const { handle, folder } = this.#openScratch();
    try {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(handle, bytes, done, bytes.length - done, offset + done);
      }
    } catch (error) {
      throw asDataError(error, { file: folder, doing: "write" });
    }
    this.parkedBytes += bytes.length;
    if (stride === this.#chunkRows) this.#spare.push(chunk.data);
    return { offset, width, count };
  }

  #unpark(chunk: ParkedChunk): { readonly data: Float64Array; readonly stride: number } {
    const data = new Float64Array(chunk.count * (2 + chunk.width));
    const bytes = new Uint8Array(data.buffer);
    const { handle } = this.#openScratch();
    for (let done = 0; done < bytes.length;) {
      const read = readSync(handle, bytes, done, bytes.length - done, chunk.offset + done);
      if (read === 0) throw new Error("the scratch file of the import was cut short");
      done += read;
    }
    return { data, stride: chunk.count };
  }

  #openScratch(): { readonly handle: number; readonly folder: string } {
    if (this.#scratch === undefined) {
      const folder = mkdtempSync(path.join(this.#folder, "import-"));
      this.#scratch = { handle: openSync(path.join(folder, "rows"), "w+"), folder };
    }
    return this.#scratch;
  }
}

/** Copies `count` rows of every column; absent columns become NaN. */
function copyColumns(
  values: readonly (Float64Array | undefined)[],
  from: number,
  into: {
    readonly data: Float64Array;
    readonly stride: number;
    readonly start: number;
    readonly count: number;
  },
): void {
  const { data, stride, start, count } = into;
  for (let slot = 0; slot < values.length; slot++) {
    const column = values[slot];
    const at = (slot + 2) * stride + start;
    if (column === undefined) data.fill(Number.NaN, at, at + count);
    else if (count >= LONG_RUN) data.set(column.subarray(from, from + count), at);
    else for (let i = 0; i < count; i++) data[at + i] = column[from + i]!;
  }
}
