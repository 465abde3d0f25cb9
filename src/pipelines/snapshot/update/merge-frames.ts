/**
 * Several frames of the same columns as one, in order, in a single pass: a k-way merge by (time, key) that copies whole
 * runs of rows. What is in memory is one batch of each part and one of the result, however long the frames are.
 */
import type { Frame, FrameColumn, FrameRows, FrameValues } from "#data/export/frame";
import { compareRows, FrameCursor, placesOf, type FramePart } from "./frame-cursor.ts";

const BATCH_BYTES = 4 << 20;
const LONGEST_BATCH = 65_536;

export interface MergeRequest {
  /** No (time, key) takes part twice. */
  readonly parts: readonly FramePart[];
  /** In code-point order, those with a row that takes part. */
  readonly keys: readonly string[];
}

/** Throws `TypeError` when columns differ, and while it is read when a key is unknown or a row is there twice. */
export function mergeFrames({ parts, keys }: MergeRequest): Frame {
  const first = parts[0]!.frame;
  for (const { frame } of parts) requireSameColumns(first, frame);
  const { levels, columns } = first;
  return {
    levels,
    keys,
    columns,
    batches: (signal) => merged(parts, { columns, places: placesOf(keys) }, signal),
  };
}

interface Shape {
  readonly columns: readonly FrameColumn[];
  readonly places: ReadonlyMap<string, number>;
}

async function* merged(
  parts: readonly FramePart[],
  { columns, places }: Shape,
  signal: AbortSignal | undefined,
): AsyncGenerator<FrameRows> {
  const cursors = parts.map((part) => new FrameCursor(part, places, signal));
  const rowBytes = 12 + columns.reduce((sum, { dtype }) => sum + (dtype === "f32" ? 4 : 8), 0);
  const capacity = Math.min(LONGEST_BATCH, Math.max(1, Math.floor(BATCH_BYTES / rowBytes)));
  const last: LastRow = { time: -Infinity, key: -1 };
  try {
    for (const cursor of cursors) await cursor.moveTo(0);
    let batch = new GrowingBatch(columns, capacity);
    for (;;) {
      const open = cursors.filter(({ rows }) => rows !== null).sort(compareRows);
      const [lead, next] = open;
      if (lead === undefined) break;
      if (next !== undefined && compareRows(lead, next) === 0) throw twice(lead, places);
      const end = endOfRun(lead, next, capacity - batch.length);
      batch.copy(lead, end, last);
      await lead.moveTo(end);
      if (batch.length < capacity) continue;
      signal?.throwIfAborted();
      yield batch.rows();
      batch = new GrowingBatch(columns, capacity);
    }
    if (batch.length > 0) yield batch.rows();
  } finally {
    for (const cursor of cursors) await cursor.close();
  }
}

/** End of the rows of `lead`'s batch that come before all others and take part, at most `most` of them. */
function endOfRun(lead: FrameCursor, next: FrameCursor | undefined, most: number): number {
  const limit = Math.min(lead.rows!.times.length, lead.at + most);
  const [time, key] = next === undefined ? [Infinity, 0] : [next.time, next.key];
  let end = lead.at;
  while (end < limit && lead.takesPart(end)) {
    const own = lead.timeAt(end);
    if (own > time || (own === time && lead.keyAt(end) >= key)) break;
    end++;
  }
  return end;
}

interface LastRow {
  time: number;
  key: number;
}

class GrowingBatch {
  length = 0;
  readonly #times: Float64Array;
  readonly #keys: Int32Array;
  readonly #values: readonly FrameValues[];

  constructor(columns: readonly FrameColumn[], capacity: number) {
    this.#times = new Float64Array(capacity);
    this.#keys = new Int32Array(capacity);
    this.#values = columns.map(({ dtype }) => emptyValues(dtype, capacity));
  }

  /** Takes the cursor's rows up to `end`. */
  copy(cursor: FrameCursor, end: number, last: LastRow): void {
    const { values } = cursor;
    const { times } = cursor.rows!;
    const [from, at] = [cursor.at, this.length];
    for (let row = from; row < end; row++) {
      const [time, key] = [times[row]!, cursor.keyAt(row)];
      if (key < 0 || time < last.time || (time === last.time && key <= last.key))
        throw new TypeError(
          key < 0 ? "a row has a key that is not among those told" : "rows are out of order or there twice",
        );
      last.time = time;
      last.key = key;
      this.#times[at + row - from] = time;
      this.#keys[at + row - from] = key;
    }
    for (const [column, target] of this.#values.entries())
      copyValues(target, at, { source: values[column]!, from, to: end });
    this.length += end - from;
  }

  rows(): FrameRows {
    const { length } = this;
    return {
      times: this.#times.subarray(0, length),
      keys: this.#keys.subarray(0, length),
      values: this.#values.map((values) => values.subarray(0, length)),
    };
  }
}

function emptyValues(dtype: FrameColumn["dtype"], length: number): FrameValues {
  if (dtype === "i64") return new BigInt64Array(length);
  return dtype === "f32" ? new Float32Array(length) : new Float64Array(length);
}

/** A view for each short run costs more than its few values. */
const SHORT_RUN = 16;

function copyValues(
  target: FrameValues,
  at: number,
  { source, from, to }: { readonly source: FrameValues; readonly from: number; readonly to: number },
): void {
  if (target instanceof BigInt64Array) {
    if (!(source instanceof BigInt64Array)) throw new TypeError("a column's rows are not of its type");
    target.set(source.subarray(from, to), at);
    return;
  }
  if (source instanceof BigInt64Array) throw new TypeError("a column's rows are not of its type");
  if (to - from > SHORT_RUN) target.set(source.subarray(from, to), at);
  else for (let row = from; row < to; row++) target[at + row - from] = source[row]!;
}

function requireSameColumns(left: Frame, right: Frame): void {
  if (told(left) !== told(right))
    throw new TypeError(`frames of different columns cannot be merged: ${told(left)} and ${told(right)}`);
}

function told({ columns }: Frame): string {
  return columns.map(({ name, dtype }) => `${name} ${dtype}`).join(", ");
}

function twice(cursor: FrameCursor, places: ReadonlyMap<string, number>): TypeError {
  const key = [...places].find(([, place]) => place === cursor.key)?.[0] ?? "?";
  return new TypeError(`${key} at ${new Date(cursor.time).toISOString()} takes part twice`);
}
