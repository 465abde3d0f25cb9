import { Worker } from "node:worker_threads";
import { DatabaseError, SqlError } from "../errors.ts";
import type { QueryResult } from "../state-database.ts";
import type { ThreadFailure, ThreadOrder, ThreadReport, ThreadRequest, ThreadStart } from "./messages.ts";
import { fileFailure, tellingLine, whyRefused } from "./refusal.ts";

/** The SQLSTATE of a file that could not grow. */
const DISK_FULL = "53100";

interface Waiting {
  readonly resolve: (result: QueryResult | number | null) => void;
  readonly reject: (reason: unknown) => void;
}

/** The near side of PGlite's thread. It keeps the process alive only while something is asked of it. */
export class PGliteThread {
  readonly #worker: Worker;
  readonly #folder: string;
  readonly #waiting = new Map<number, Waiting>();
  readonly #opened = Promise.withResolvers<"copied" | "initialised" | "there">();
  readonly #onNotified: (channel: string, payload: string) => void;
  #next = 1;
  #death: DatabaseError | null = null;

  constructor(start: ThreadStart, onNotified: (channel: string, payload: string) => void) {
    this.#folder = start.folder;
    this.#onNotified = onNotified;
    this.#worker = new Worker(new URL("./thread.ts", import.meta.url), {
      name: "alphaloom state database",
      workerData: start,
      stdout: false,
    });
    this.#worker.on("message", (message: ThreadReport) => this.#hear(message));
    this.#worker.on("error", (error) =>
      this.#die(String(error instanceof Error ? error.message : error), error),
    );
    this.#worker.on("exit", (code) => this.#die(`its thread ended with exit code ${code}`));
    this.#opened.promise.catch(() => {});
  }

  get isAlive(): boolean {
    return this.#death === null;
  }

  /** Resolves when PGlite is ready, with how its folder came to be. */
  async opened(): Promise<"copied" | "initialised" | "there"> {
    const how = await this.#opened.promise;
    if (this.#waiting.size === 0) this.#worker.unref();
    return how;
  }

  ask(request: ThreadRequest): Promise<QueryResult | number | null> {
    return new Promise((resolve, reject) => {
      if (this.#death !== null) {
        reject(this.#death);
        return;
      }
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage({ id, request } satisfies ThreadOrder, []);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #hear(message: ThreadReport): void {
    if (message.kind === "opened") this.#opened.resolve(message.how);
    else if (message.kind === "refused") this.#opened.reject(whyRefused(this.#folder, message));
    else if (message.kind === "stopped") this.#die(tellingLine(message.log));
    else if (message.kind === "notified") this.#onNotified(message.channel, message.payload);
    else {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (this.#waiting.size === 0) this.#worker.unref();
      if (message.kind === "done") waiting?.resolve(message.result);
      else waiting?.reject(this.#errorOf(message.failure));
    }
  }

  #errorOf({ facts, message, misuse }: ThreadFailure): Error {
    if (facts?.code === DISK_FULL) return fileFailure(this.#folder, "ENOSPC", message) ?? new SqlError(facts);
    if (facts !== null) return new SqlError(facts);
    return misuse ? new TypeError(message) : this.#down(message);
  }

  #die(why: string, cause?: unknown): void {
    this.#death ??= this.#down(why, cause);
    this.#opened.reject(this.#death);
    for (const { reject } of this.#waiting.values()) reject(this.#death);
    this.#waiting.clear();
  }

  #down(why: string, cause?: unknown): DatabaseError {
    return new DatabaseError("DATABASE_DOWN", `the state database in ${this.#folder} stopped: ${why}`, {
      remedy:
        "run the command again: what was committed is kept; if it stops again, check disk space and memory",
      place: { folder: this.#folder },
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
