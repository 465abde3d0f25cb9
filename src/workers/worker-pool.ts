import type { Parallel, ParallelRun } from "#kernels/parallel";
import { WorkerError } from "./errors.ts";
import { PoolThread } from "./pool-thread.ts";

/**
 * Threads of Node that are started once, at the first run, and used again. A thread that died is replaced at the next
 * run. Idle threads do not keep the process alive; `close` ends them.
 */
export class WorkerPool implements Parallel, AsyncDisposable {
  readonly threads: number;
  readonly #entry: URL;
  #members: PoolThread[] = [];
  #isBusy = false;
  #isClosed = false;

  /** `entry`: the module that each thread runs; it calls `serveTasks`. Throws `RangeError` on less than one thread. */
  constructor(entry: URL, threads: number) {
    if (!Number.isInteger(threads) || threads < 1) throw new RangeError(`${threads} threads`);
    this.#entry = entry;
    this.threads = threads;
  }

  async run(task: string, run: ParallelRun): Promise<void> {
    this.#take(task);
    const { gate, signal } = run;
    const stop = (): void => gate.close();
    signal?.addEventListener("abort", stop, { once: true });
    const reasons: unknown[] = [];
    const fail = (reason: unknown): void => {
      reasons.push(reason);
      stop();
    };
    const hear = (message: unknown): void => {
      if (reasons.length > 0) return;
      try {
        run.onMessage?.(message);
      } catch (error) {
        fail(error);
      }
    };
    try {
      signal?.throwIfAborted();
      const order = { task, input: run.input, gate: gate.cells };
      await Promise.all(this.#staffed().map((thread) => thread.carryOut(order, hear).catch(fail)));
    } finally {
      signal?.removeEventListener("abort", stop);
      this.#isBusy = false;
    }
    signal?.throwIfAborted();
    if (reasons.length > 0) throw reasons[0];
  }

  /** Ends all threads, in the middle of their work if need be; a run under way fails. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#members.splice(0).map((thread) => thread.terminate()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(task: string): void {
    if (this.#isClosed) {
      throw new WorkerError("WORKER_POOL_CLOSED", `${task} is asked of a pool that is closed`, {
        remedy: "open another pool",
      });
    }
    if (this.#isBusy) {
      throw new WorkerError("WORKER_POOL_BUSY", `${task} is asked of a pool that is at work`, {
        remedy: "finish reading the run before, or open a pool for each",
      });
    }
    this.#isBusy = true;
  }

  #staffed(): readonly PoolThread[] {
    this.#members = Array.from({ length: this.threads }, (_, index) => {
      const member = this.#members[index];
      return member?.isAlive === true ? member : new PoolThread(this.#entry, index);
    });
    return this.#members;
  }
}
