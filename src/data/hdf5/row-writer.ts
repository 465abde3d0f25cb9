/**
 * Takes the batches of a frame into the arrays of a file: blocks and keys as they come, times as runs, because how many
 * there are, and so the width of their codes, is known only at the end.
 */
import { DataError } from "../errors.ts";
import type { Frame, FrameRows } from "../export/frame.ts";
import { BlockWriter, type FrameBlock } from "./frame-columns.ts";
import { GrowingArray } from "./growing-array.ts";
import type { Hdf5File } from "./hdf5-file.ts";
import { codeElement } from "./pandas-layout.ts";

export interface RowProgress {
  readonly signal?: AbortSignal;
  /** Called after each batch with the rows written so far. */
  readonly onRows?: (rows: number) => void;
}

/** What was there before: rows, distinct times, the last time, and where the frame's keys are among the file's. */
export interface RowsBefore {
  readonly rows: number;
  readonly times: number;
  readonly lastTime: number;
  readonly keyPlaces: Int32Array;
}

export interface RowTally {
  readonly rows: number;
  /** Distinct times, ascending, and the rows of each. */
  readonly times: readonly number[];
  readonly rowsOfTime: readonly number[];
}

/**
 * Writes every row of the frame into `group`. Throws DATA_ROW_ORDER, and TypeError for arrays that do not fit each
 * other.
 */
export async function writeRows(
  file: Hdf5File,
  group: string,
  work: {
    readonly frame: Frame;
    readonly blocks: readonly FrameBlock[];
    readonly before?: RowsBefore;
    readonly progress: RowProgress;
  },
): Promise<RowTally> {
  const { frame, before, progress } = work;
  const existing = before === undefined ? {} : { existing: { rows: before.rows } };
  const blocks = work.blocks.map(
    (block, at) => new BlockWriter(file, `${group}/block${at}_values`, { ...block, ...existing }),
  );
  const keyCodes = codesAt(file, `${group}/axis1_label1`, before);
  const order = new RowOrder(file.place, frame, before?.lastTime);
  let rows = 0;
  for await (const batch of frame.batches(progress.signal)) {
    progress.signal?.throwIfAborted();
    const count = order.take(batch);
    for (let done = 0; done < count;) {
      const place = keyCodes.next(count - done);
      for (let row = 0; row < place.rows; row += 1) {
        const key = batch.keys[done + row]!;
        place.values[place.at + row] = before === undefined ? key : before.keyPlaces[key]!;
      }
      done += place.rows;
    }
    for (const [at, block] of blocks.entries()) {
      const table = batch.tables?.[at];
      if (table === undefined) block.add(batch.values, count);
      else block.addTable(table, count);
    }
    rows += count;
    progress.onRows?.(rows);
  }
  keyCodes.finish();
  for (const block of blocks) block.finish();
  return { rows, times: order.times, rowsOfTime: order.rowsOfTime };
}

/** The codes of the first level: each time as often as it has rows. */
export function writeTimeCodes(
  file: Hdf5File,
  path: string,
  work: { tally: RowTally; before?: RowsBefore },
): void {
  const codes = codesAt(file, path, work.before);
  const first = work.before?.times ?? 0;
  for (const [at, rows] of work.tally.rowsOfTime.entries()) {
    for (let done = 0; done < rows;) {
      const place = codes.next(rows - done);
      place.values.fill(first + at, place.at, place.at + place.rows);
      done += place.rows;
    }
  }
  codes.finish();
}

function codesAt(file: Hdf5File, path: string, before: RowsBefore | undefined) {
  return new GrowingArray(file, path, {
    element: codeElement,
    make: (length) => new Int32Array(length),
    ...(before === undefined ? {} : { existing: { rows: before.rows } }),
  });
}

/** Holds the rows against the order of (time, key) that a frame promises, and counts the rows of each time. */
class RowOrder {
  readonly times: number[] = [];
  readonly rowsOfTime: number[] = [];
  private readonly place: string;
  private readonly frame: Frame;
  private readonly notAfter: number;
  private lastKey = -1;

  constructor(place: string, frame: Frame, lastTime: number | undefined) {
    this.place = place;
    this.frame = frame;
    this.notAfter = lastTime ?? -Infinity;
  }

  take(batch: FrameRows): number {
    const { times, keys } = batch;
    const count = times.length;
    if (keys.length !== count) throw new TypeError(`a batch of ${count} rows has ${keys.length} keys`);
    // Columns that lie in tables are made only when they are asked for.
    if (batch.tables === undefined) this.columnsOf(batch, count);
    for (let row = 0; row < count; row += 1) this.row(times[row]!, keys[row]!);
    return count;
  }

  private columnsOf({ values }: FrameRows, count: number): void {
    const { columns } = this.frame;
    if (values.length !== columns.length)
      throw new TypeError(`a batch of ${count} rows has ${values.length} columns`);
    for (const [at, column] of values.entries())
      if (column.length !== count)
        throw new TypeError(`${columns[at]!.name} has ${column.length} values in a batch of ${count} rows`);
  }

  private row(time: number, key: number): void {
    const last = this.times.length - 1;
    if (last >= 0 && time === this.times[last] && key > this.lastKey && key < this.frame.keys.length) {
      this.rowsOfTime[last] = this.rowsOfTime[last]! + 1;
    } else {
      if (!Number.isSafeInteger(time)) throw new TypeError(`${time} is no time in whole milliseconds`);
      if (key < 0 || key >= this.frame.keys.length) throw new RangeError(`there is no key ${key}`);
      const since = last >= 0 ? this.times[last]! : this.notAfter;
      if (!(time > since)) throw this.disorder(time, key, since);
      this.times.push(time);
      this.rowsOfTime.push(1);
    }
    this.lastKey = key;
  }

  private disorder(time: number, key: number, since: number): DataError {
    const name = this.frame.keys[key]!;
    const found =
      time === since && key === this.lastKey
        ? `${name} comes twice at ${stamp(time)}`
        : `${name} at ${stamp(time)} comes after a row of ${stamp(since)}`;
    return new DataError("DATA_ROW_ORDER", found, {
      remedy: "deliver each (time, key) once, in ascending order, later than what the file holds",
      place: { file: this.place, instrument: name },
    });
  }
}

function stamp(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace("T00:00:00", "");
}
