import type { Frame, FrameRows } from "#data/export/frame";
import type { Day } from "#market/day";

const MS_PER_DAY = 86_400_000;

/** Rows that went by, key by key. */
export interface KeyTally {
  readonly key: string;
  readonly first: Day;
  readonly last: Day;
  readonly rows: number;
}

/** Counts the rows of a frame while somebody takes them; begins anew with every pass. */
export class FrameTally {
  readonly frame: Frame;
  readonly #keys: readonly string[];
  #rows = new Float64Array(0);
  #first = new Float64Array(0);
  #last = new Float64Array(0);

  constructor(frame: Frame) {
    this.#keys = frame.keys;
    this.frame = { ...frame, batches: (signal) => this.#counted(frame.batches(signal)) };
  }

  async *#counted(batches: AsyncIterable<FrameRows>): AsyncGenerator<FrameRows> {
    this.#begin();
    for await (const rows of batches) {
      this.#take(rows.times, rows.keys);
      yield rows;
    }
  }

  get rows(): number {
    return this.#rows.reduce((sum, rows) => sum + rows, 0);
  }

  /** Keys that had a row, in the frame's order. */
  spans(): KeyTally[] {
    return [...this.#keys.entries()]
      .filter(([at]) => (this.#rows[at] ?? 0) > 0)
      .map(([at, key]) => ({
        key,
        first: Math.floor(this.#first[at]! / MS_PER_DAY),
        last: Math.floor(this.#last[at]! / MS_PER_DAY),
        rows: this.#rows[at]!,
      }));
  }

  #begin(): void {
    const length = this.#keys.length;
    this.#rows = new Float64Array(length);
    this.#first = new Float64Array(length);
    this.#last = new Float64Array(length);
  }

  #take(times: Float64Array, keys: Int32Array): void {
    for (let row = 0; row < keys.length; row++) {
      const key = keys[row]!;
      if (this.#rows[key] === 0) this.#first[key] = times[row]!;
      this.#last[key] = times[row]!;
      this.#rows[key]!++;
    }
  }
}
