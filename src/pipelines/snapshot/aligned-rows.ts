import type { FrameRows } from "#data/export/frame";

/** Rows of one stream, one after the other. */
export class RowCursor {
  readonly #batches: AsyncIterator<FrameRows>;
  #rows: FrameRows | null = null;
  #at = 0;

  constructor(batches: AsyncIterable<FrameRows>) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  /** Whether there is a current row, after batches without any. */
  async ready(): Promise<boolean> {
    while (this.#rows === null || this.#at >= this.#rows.times.length) {
      const next = await this.#batches.next();
      if (next.done === true) return false;
      this.#rows = next.value;
      this.#at = 0;
    }
    return true;
  }

  /** Whether the next row is in memory already. */
  get isNear(): boolean {
    return this.#rows !== null && this.#at < this.#rows.times.length;
  }

  get time(): number {
    return this.#rows!.times[this.#at]!;
  }

  get key(): number {
    return this.#rows!.keys[this.#at]!;
  }

  value(column: number): number {
    return Number(this.#rows!.values[column]![this.#at]);
  }

  advance(): void {
    this.#at++;
  }

  async close(): Promise<void> {
    await this.#batches.return?.();
  }
}
