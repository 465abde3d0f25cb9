import type { Frame, FrameRows } from "#data/export/frame";

/** Rows of a frame that take part. */
export interface FramePart {
  readonly frame: Frame;
  /** Rows of a key at or after its time here are left out. */
  readonly until?: ReadonlyMap<string, number>;
  /** Only rows of these keys; all unless told. */
  readonly only?: ReadonlySet<string>;
}

/**
 * Steps through a frame's rows that take part, batch by batch. Keys are places in a list shared by several cursors, so
 * that rows of different frames can be put in order.
 */
export class FrameCursor {
  readonly #batches: AsyncIterator<FrameRows>;
  /** Place of each of the frame's keys in the shared list; -1 for a key that is not in it. */
  readonly #places: Int32Array;
  readonly #until: Float64Array;
  #rows: FrameRows | null = null;
  #values: FrameRows["values"] = [];
  #at = 0;

  constructor({ frame, until, only }: FramePart, places: ReadonlyMap<string, number>, signal?: AbortSignal) {
    this.#batches = frame.batches(signal)[Symbol.asyncIterator]();
    this.#places = Int32Array.from(frame.keys, (key) => places.get(key) ?? -1);
    this.#until = Float64Array.from(frame.keys, (key) =>
      only === undefined || only.has(key) ? (until?.get(key) ?? Infinity) : -Infinity,
    );
  }

  /** The batch that holds the current row; null at the end. */
  get rows(): FrameRows | null {
    return this.#rows;
  }

  /** The batch's columns; a batch may make them when it is asked, so that this is done once. */
  get values(): FrameRows["values"] {
    return this.#values;
  }

  /** Place of the current row in its batch. */
  get at(): number {
    return this.#at;
  }

  get time(): number {
    return this.#rows!.times[this.#at]!;
  }

  get key(): number {
    return this.keyAt(this.#at);
  }

  timeAt(row: number): number {
    return this.#rows!.times[row]!;
  }

  keyAt(row: number): number {
    return this.#places[this.#rows!.keys[row]!]!;
  }

  takesPart(row: number): boolean {
    const { times, keys } = this.#rows!;
    return times[row]! < this.#until[keys[row]!]!;
  }

  /** Moves on to a row of the same batch, or beyond it, and from there to the next one that takes part. */
  async moveTo(row: number): Promise<void> {
    this.#at = row;
    for (;;) {
      if (this.#rows !== null) {
        const { length } = this.#rows.times;
        while (this.#at < length && !this.takesPart(this.#at)) this.#at++;
        if (this.#at < length) return;
      }
      const next = await this.#batches.next();
      this.#at = 0;
      if (next.done === true) {
        this.#rows = null;
        return;
      }
      this.#rows = next.value;
      this.#values = next.value.values;
    }
  }

  /** Lets the frame put down what it holds open. */
  async close(): Promise<void> {
    await this.#batches.return?.();
  }
}

/** Negative when the left row comes first, 0 when both are of one time and key. */
export function compareRows(left: FrameCursor, right: FrameCursor): number {
  return left.time - right.time || left.key - right.key;
}

/** All keys of some frames in code-point order. */
export function unitedKeys(frames: readonly Frame[]): string[] {
  return [...new Set(frames.flatMap(({ keys }) => keys))].sort(byCodePoint);
}

export function byCodePoint(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

export function placesOf(keys: readonly string[]): ReadonlyMap<string, number> {
  return new Map(keys.map((key, place) => [key, place]));
}
