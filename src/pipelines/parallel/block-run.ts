import { Gate, type Parallel } from "#kernels/parallel";
import type { ResultMemory } from "#expression/run/block-engine";
import { ENDED, LOADED, RELEASED, type BlockReport, type BlockTask, type ReadyPlace } from "./block-task.ts";

/**
 * The main thread's side of a run over blocks: says what is loaded and what is read, and hears what is computed. Any
 * failure, of a thread or told by `fail`, ends every wait with that failure.
 */
export class BlockRun {
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #gate = new Gate();
  readonly #ready = new Map<number, ReadyPlace>();
  readonly #memory = new Map<number, ResultMemory>();
  #waiters: (() => void)[] = [];
  #failure: { readonly reason: unknown } | null = null;
  #finished: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(threads: number) {
    this.#control = new Int32Array(new SharedArrayBuffer(4 * (RELEASED + threads)));
  }

  get isStopped(): boolean {
    return this.#failure !== null || this.#gate.isClosed;
  }

  /** Starts the threads on the task; `signal` ends the run with its reason. */
  start(parallel: Parallel, task: Omit<BlockTask, "control">, signal: AbortSignal | undefined): void {
    this.#finished = parallel
      .run("compute-blocks", {
        input: { ...task, control: this.#control } satisfies BlockTask,
        gate: this.#gate,
        onMessage: (message) => this.#hear(message as BlockReport),
        ...(signal === undefined ? {} : { signal }),
      })
      .catch((reason: unknown) => this.fail(reason))
      .finally(() => {
        this.#isOver = true;
        this.#wake();
      });
  }

  /** Inputs of so many positions are in their slots. */
  loaded(positions: number): void {
    Atomics.store(this.#control, LOADED, positions);
    this.#gate.changed();
  }

  /** No further inputs will come. */
  ended(): void {
    Atomics.store(this.#control, ENDED, 1);
    this.#gate.changed();
    this.#wake();
  }

  /** The consumer has read what lay there. */
  released({ thread }: ReadyPlace): void {
    Atomics.add(this.#control, RELEASED + thread, 1);
    this.#gate.changed();
  }

  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#gate.close();
    this.#wake();
  }

  /** Resolves once the inputs of a position are no longer read; false when the run has stopped. */
  async isComputed(position: number): Promise<boolean> {
    while (!this.isStopped && !this.#ready.has(position)) await this.#news();
    return !this.isStopped;
  }

  /** Resolves once `holds`; throws what made the run fail. */
  async until(holds: () => boolean): Promise<void> {
    while (this.#failure === null && !holds()) {
      if (this.#isOver) throw new Error("the threads went home before their work was done");
      await this.#news();
    }
    if (this.#failure !== null) throw this.#failure.reason;
  }

  isReady(position: number): boolean {
    return this.#ready.has(position);
  }

  /** Where the results of a position are that is ready. */
  placeOf(position: number): ReadyPlace {
    return this.#ready.get(position)!;
  }

  memoryOf(thread: number): ResultMemory {
    return this.#memory.get(thread)!;
  }

  /** Something that `until` may be waiting for has changed. */
  changed(): void {
    this.#wake();
  }

  /** Sends the threads home and waits until they are free for the next run. */
  async stop(): Promise<void> {
    this.#gate.close();
    this.#wake();
    await this.#finished;
  }

  #hear(report: BlockReport): void {
    if (report.kind === "memory") this.#memory.set(report.thread, report.memory);
    else {
      this.#ready.set(report.position, report);
      this.#wake();
    }
  }

  #news(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
