/**
 * Reads a frame that pandas or this project wrote in the fixed format, a range of rows at a time: a DataFrame (or a
 * Series) with an index of two levels, times and keys, in either order.
 */
import { DataError } from "../errors.ts";
import type { Frame, FrameColumn, FrameDtype, FrameRows, FrameValues } from "../export/frame.ts";
import { integersOf, readCodes, readIndex, readNames, type IndexLevel } from "./frame-index.ts";
import { Hdf5File, type ArrayShape } from "./hdf5-file.ts";

const defaultBatchBytes = 4 * 1024 * 1024;

export interface StoredColumn {
  readonly name: string;
  readonly dtype: FrameDtype;
}

export interface RowRange {
  readonly start: number;
  readonly end: number;
}

export interface BatchRange {
  /** Milliseconds, inclusive; only for files in (time, key) order. */
  readonly from?: number;
  readonly to?: number;
  readonly columns?: readonly string[];
  readonly signal?: AbortSignal;
}

interface Block {
  readonly path: string;
  readonly array: ArrayShape;
  readonly names: readonly string[];
}

/** Closes the file when it is disposed of. */
export class StoredFrame implements Disposable {
  readonly place: string;
  /** Names of the index levels in the file's order. */
  readonly levels: readonly [string, string];
  /** Which of the levels comes first in the file. */
  readonly order: "time-key" | "key-time";
  /** Labels of the time level: distinct; ascending in a file of this project or of a sorted frame. */
  readonly times: Float64Array;
  /** Labels of the other level as the file lists them. */
  readonly keys: readonly string[];
  readonly columns: readonly StoredColumn[];
  /** Columns that are no numbers, with what they hold. */
  readonly unreadable: readonly { readonly name: string; readonly what: string }[];
  readonly rows: number;
  private readonly file: Hdf5File;
  private readonly timeLevel: IndexLevel;
  private readonly keyLevel: IndexLevel;
  private readonly blocks: readonly Block[];

  constructor(file: Hdf5File, group: string) {
    this.file = file;
    this.place = file.place;
    const form = formOf(file, group);
    const levels = readIndex(file, group, form.axis);
    const [time, key] = timeAndKey(file, levels);
    this.timeLevel = time;
    this.keyLevel = key;
    this.order = levels[0] === time ? "time-key" : "key-time";
    this.levels = [levels[0]!.name, levels[1]!.name];
    this.times = time.labels.kind === "time" ? time.labels.times : new Float64Array(0);
    this.keys = key.labels.kind === "key" ? key.labels.keys : [];
    this.rows = key.codes?.array.shape[0] ?? 0;
    this.blocks = form.blocks(this.rows);
    const dtypeOf = new Map(
      this.blocks.flatMap(({ names, array }) => names.map((name) => [name, dtypeFor(array)] as const)),
    );
    this.columns = form.names.flatMap((name) => {
      const dtype = dtypeOf.get(name);
      return dtype === undefined || typeof dtype === "object" ? [] : [{ name, dtype }];
    });
    this.unreadable = form.names.flatMap((name) => {
      const dtype = dtypeOf.get(name);
      return typeof dtype === "object" ? [{ name, what: dtype.what }] : [];
    });
  }

  close(): void {
    this.file.abandon();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Some rows in the file's order, with the columns asked for (all, unless told). Times are those of each row, keys are
   * places in `keys`, -1 where a label is missing. Throws RangeError for rows or columns that are not there.
   */
  read(range: RowRange, columns: readonly string[] = this.columns.map(({ name }) => name)): FrameRows {
    const { start, end } = range;
    if (!(start >= 0 && start <= end && end <= this.rows))
      throw new RangeError(`rows ${start} to ${end} of ${this.rows}`);
    const timeCodes = readCodes(this.file, this.timeLevel, range);
    const times = Float64Array.from(timeCodes, (code) => (code < 0 ? NaN : this.times[code]!));
    const keys = readCodes(this.file, this.keyLevel, range);
    const found = new Map<string, FrameValues>();
    for (const block of this.blocks) {
      const wanted = block.names.flatMap((name, at) => (columns.includes(name) ? [at] : []));
      if (wanted.length === 0) continue;
      const bytes = this.file.read(block.path, range, block.array);
      for (const at of wanted) found.set(block.names[at]!, columnOf(bytes, block, at));
    }
    const values = columns.map((name) => {
      const column = found.get(name);
      if (column === undefined) throw new RangeError(`${this.place} has no column ${name}`);
      return column;
    });
    return { times, keys, values };
  }

  /** The first row at or after a time. Only for files in (time, key) order. */
  rowAt(time: number): number {
    const { timeLevel } = this;
    if (this.order !== "time-key") throw new RangeError(`${this.place} is not in the order of time`);
    let low = 0;
    let high = this.rows;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const [code] = readCodes(this.file, timeLevel, { start: middle, end: middle + 1 });
      if ((this.times[code!] ?? NaN) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Rows in the file's order, a few megabytes at a time. */
  async *batches(range: BatchRange = {}): AsyncGenerator<FrameRows> {
    const { from, to, columns, signal } = range;
    const width = columns?.length ?? this.columns.length;
    const step = Math.max(1024, Math.floor(defaultBatchBytes / (8 * Math.max(1, width))));
    const first = from === undefined ? 0 : this.rowAt(from);
    const end = to === undefined ? this.rows : this.rowAt(to + 1);
    for (let start = first; start < end; start += step) {
      signal?.throwIfAborted();
      yield this.read({ start, end: Math.min(end, start + step) }, columns);
    }
  }

  /**
   * The file as a frame to be written again: in (time, key) order, keys in code-point order. Columns carry no
   * description. Throws DATA_ROW_ORDER where the file has another order.
   */
  asFrame(describe: (column: StoredColumn) => FrameColumn = plainColumn): Frame {
    const inOrder = this.keys.every((key, at) => at === 0 || compareKeys(this.keys[at - 1]!, key) < 0);
    if (this.order !== "time-key" || !inOrder)
      throw new DataError("DATA_ROW_ORDER", `${this.place} is not in the order of time and key`, {
        remedy: "sort it by its time level, then by its key level",
        place: { file: this.place },
      });
    return {
      levels: this.levels,
      keys: this.keys,
      columns: this.columns.map(describe),
      batches: (signal) => this.batches(signal === undefined ? {} : { signal }),
    };
  }
}

/**
 * Opens the frame `key`, or the only one there is. Throws DATA_FILE_MISSING, DATA_FILE_DAMAGED (no whole HDF5 file),
 * DATA_KIND_OTHER (no frame, or several), DATA_FORM_UNSUPPORTED (table format, filters, other indexes).
 */
export async function openFrame(
  place: string,
  options: { readonly key?: string } = {},
): Promise<StoredFrame> {
  const file = await Hdf5File.open(place, "read");
  try {
    return new StoredFrame(file, frameGroup(file, options.key));
  } catch (error) {
    file.abandon();
    throw error;
  }
}

/** By code points, as pandas and Python order text. */
export function compareKeys(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const one = left.charCodeAt(at);
    const other = right.charCodeAt(at);
    if (one === other) continue;
    return liftedUnit(one) - liftedUnit(other);
  }
  return left.length - right.length;
}

/** A surrogate stands for a code point above every other one. */
function liftedUnit(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function plainColumn({ name, dtype }: StoredColumn): FrameColumn {
  return { name, dtype, unit: "", description: "", lineage: "" };
}

/** The group that holds the frame: the one asked for, or the only one. */
export function frameGroup(file: Hdf5File, key: string | undefined): string {
  const there = file
    .names("/")
    .filter(
      (name) => file.has(`/${name}`) === "group" && file.attribute(`/${name}`, "pandas_type") !== undefined,
    );
  const found =
    key === undefined ? (there.length === 1 ? there[0] : undefined) : there.find((name) => name === key);
  if (found !== undefined) return `/${found}`;
  const list = there.length === 0 ? "no pandas object" : `the pandas objects ${there.join(", ")}`;
  throw new DataError(
    "DATA_KIND_OTHER",
    `${file.place} holds ${list}${key === undefined ? "" : `, not ${key}`}`,
    {
      remedy: "write one DataFrame with df.to_hdf(path, key='data'), or name the key",
      place: { file: file.place },
    },
  );
}

interface FrameForm {
  readonly axis: string;
  readonly names: readonly string[];
  readonly blocks: (rows: number) => readonly Block[];
}

function formOf(file: Hdf5File, group: string): FrameForm {
  const type = file.attribute(group, "pandas_type");
  if (type === "frame") {
    const count = Number(file.attribute(group, "nblocks") ?? 0);
    return {
      axis: "axis1",
      names: readNames(file, group, "axis0"),
      blocks: (rows) =>
        Array.from({ length: count }, (_, at) => {
          const path = `${group}/block${at}_values`;
          const names = readNames(file, group, `block${at}_items`);
          // Pandas writes one element in the place of an array without any.
          const array = file.describe(path);
          return { path, names, array: rows === 0 ? { ...array, shape: [0, names.length] } : array };
        }),
    };
  }
  if (type === "series") {
    const name = file.attribute(group, "name");
    const names = [typeof name === "string" && name !== "N." ? name : "value"];
    return {
      axis: "index",
      names,
      blocks: (rows) => {
        const path = `${group}/values`;
        const array = file.describe(path);
        return [{ path, names, array: rows === 0 ? { ...array, shape: [0] } : array }];
      },
    };
  }
  throw new DataError("DATA_FORM_UNSUPPORTED", `${file.place}: ${group} is a pandas ${type}, not a frame`, {
    remedy: "write a DataFrame in the fixed format: df.to_hdf(path, key='data'), without format='table'",
    place: { file: file.place },
  });
}

function timeAndKey(file: Hdf5File, levels: readonly IndexLevel[]): readonly [IndexLevel, IndexLevel] {
  const time = levels.find(({ labels }) => labels.kind === "time");
  const key = levels.find(({ labels }) => labels.kind === "key");
  if (levels.length === 2 && time !== undefined && key !== undefined) return [time, key];
  const told = levels
    .map(({ name, labels }) => `${name === "" ? "unnamed" : name} (${labels.kind}s)`)
    .join(", ");
  throw new DataError("DATA_FORM_UNSUPPORTED", `${file.place} has an index of ${told}`, {
    remedy: "give the frame an index of two levels, times and keys: df.set_index(['datetime', 'instrument'])",
    place: { file: file.place },
  });
}

function dtypeFor({ element }: ArrayShape): FrameDtype | { readonly what: string } {
  if (element.kind === "float") return element.bytes === 4 ? "f32" : "f64";
  if (element.kind === "integer") return "i64";
  return { what: element.kind === "text" ? "text" : element.what };
}

function columnOf(bytes: Uint8Array, block: Block, at: number): FrameValues {
  const { array } = block;
  const width = array.shape[1] ?? 1;
  const { element } = array;
  const buffer = bytes.buffer as ArrayBuffer;
  const rows = bytes.length / (width * element.bytes);
  if (element.kind === "float") {
    const all = element.bytes === 4 ? new Float32Array(buffer) : new Float64Array(buffer);
    const column = element.bytes === 4 ? new Float32Array(rows) : new Float64Array(rows);
    for (let row = 0, from = at; row < rows; row += 1, from += width) column[row] = all[from]!;
    return column;
  }
  const all = integersOf(bytes, array);
  const column = new BigInt64Array(rows);
  for (let row = 0, from = at; row < rows; row += 1, from += width) column[row] = BigInt(all[from]!);
  return column;
}
