/** At most two writes at a time, as many as blocks lie in memory. */
export class WritesInTurn {
  readonly #pending: Promise<{ readonly error: unknown } | null>[] = [];

  add(write: Promise<void>): void {
    this.#pending.push(
      write.then(
        () => null,
        (error: unknown) => ({ error }),
      ),
    );
  }

  /** Waits until the block before the last one is written. Throws what its write failed with. */
  async room(): Promise<void> {
    while (this.#pending.length > 1) await this.#first();
  }

  async done(): Promise<void> {
    while (this.#pending.length > 0) await this.#first();
  }

  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async #first(): Promise<void> {
    const failure = await this.#pending.shift();
    if (failure !== null && failure !== undefined) throw failure.error;
  }
}
