import { Worker } from "node:worker_threads";
import { WorkerError } from "./errors.ts";
import type { TaskOrder, TaskReport } from "./messages.ts";
import { unpackFailure } from "./task-failure.ts";

interface Assignment {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
  readonly onMessage: (message: unknown) => void;
}

/** One thread of a pool. It keeps the process alive only while it is at work. */
export class PoolThread {
  readonly #worker: Worker;
  readonly #index: number;
  #assignment: Assignment | null = null;
  #death: Error | null = null;

  constructor(entry: URL, index: number) {
    this.#index = index;
    this.#worker = new Worker(entry, { name: `alphaloom ${index}` });
    this.#worker.unref();
    this.#worker.on("message", (report: TaskReport) => this.#hear(report));
    this.#worker.on("messageerror", (error) => this.#settle((each) => each.reject(error)));
    this.#worker.on("error", (cause) =>
      this.#die(String(cause instanceof Error ? cause.message : cause), cause),
    );
    this.#worker.on("exit", (code) => this.#die(`exit code ${code}`));
  }

  get isAlive(): boolean {
    return this.#death === null;
  }

  /** Settles when the task has returned, thrown, or the thread has died. */
  carryOut(order: Omit<TaskOrder, "index">, onMessage: (message: unknown) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#death !== null) {
        reject(this.#death);
        return;
      }
      this.#worker.postMessage({ ...order, index: this.#index } satisfies TaskOrder, []);
      this.#assignment = { resolve, reject, onMessage };
      this.#worker.ref();
    });
  }

  /** Ends the thread wherever it is. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #hear(report: TaskReport): void {
    if (report.kind === "posted") this.#assignment?.onMessage(report.message);
    else if (report.kind === "done") this.#settle((each) => each.resolve());
    else this.#settle((each) => each.reject(unpackFailure(report.failure)));
  }

  #die(why: string, cause?: unknown): void {
    this.#death ??= new WorkerError("WORKER_DIED", `thread ${this.#index} died: ${why}`, {
      remedy: "run again, with fewer threads if memory is short; what had been handed on is complete",
      ...(cause === undefined ? {} : { cause }),
    });
    const death = this.#death;
    this.#settle((each) => each.reject(death));
  }

  #settle(how: (assignment: Assignment) => void): void {
    const assignment = this.#assignment;
    if (assignment === null) return;
    this.#assignment = null;
    this.#worker.unref();
    how(assignment);
  }
}
