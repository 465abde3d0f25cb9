/**
 * PGlite as a backend: PostgreSQL in WebAssembly, in a thread of this process, one folder, one connection. Statements
 * take turns; a connection holds the turn until its release.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Backend, Connection } from "../backend.ts";
import { lockDirectory, type LockProcesses } from "../directory-lock.ts";
import { DatabaseError } from "../errors.ts";
import { encodeValue } from "../sql-values.ts";
import type { Listening, QueryResult } from "../state-database.ts";
import { Turns } from "../turns.ts";
import { PGliteThread } from "./pglite-thread.ts";
import { fileFailure } from "./refusal.ts";
import { postgresMajor } from "./version.ts";

export interface PGliteOptions {
  readonly processes: LockProcesses;
  /** Where the initialised template is kept; null: nowhere. */
  readonly cache: string | null;
}

type Listener = (payload: string) => void;

export class PGliteBackend implements Backend {
  readonly kind = "pglite";
  readonly place: string;
  readonly #cache: string | null;
  readonly #unlock: () => void;
  readonly #turns = new Turns();
  readonly #listeners = new Map<string, Set<{ onNotification: Listener; onReconnect: () => void }>>();
  #thread: PGliteThread;
  #closed = false;

  private constructor(directory: string, cache: string | null, unlock: () => void) {
    this.place = directory;
    this.#cache = cache;
    this.#unlock = unlock;
    this.#thread = this.#startThread();
  }

  /** Throws DATABASE_LOCKED, DATABASE_FORMAT, DATABASE_DAMAGED, DATABASE_DISK_FULL, DATABASE_NOT_PERMITTED. */
  static async open(directory: string, { processes, cache }: PGliteOptions): Promise<PGliteBackend> {
    let unlock: () => void;
    try {
      makeFolder(directory);
      unlock = await lockDirectory(directory, processes);
    } catch (error) {
      throw asFileFailure(directory, error);
    }
    try {
      refuseOtherFormat(join(directory, "pgdata"));
      const backend = new PGliteBackend(directory, cache, unlock);
      await backend.#thread.opened().catch(async (error: unknown) => {
        await backend.#thread.end();
        throw error;
      });
      return backend;
    } catch (error) {
      unlock();
      throw error;
    }
  }

  async query<Row>(text: string, values: readonly unknown[] = []): Promise<QueryResult<Row>> {
    this.#refuseClosed();
    const encoded = values.map(encodeValue);
    return await this.#inTurn(() => run<Row>(this.#thread, { text, values: encoded, inSession: false }));
  }

  async connect(): Promise<Connection> {
    this.#refuseClosed();
    const end = await this.#turns.take();
    const thread = this.#thread;
    let released = false;
    return {
      query: async <Row>(text: string, values: readonly unknown[] = []): Promise<QueryResult<Row>> => {
        if (released) throw new TypeError("the connection has been released");
        return await run<Row>(thread, { text, values: values.map(encodeValue), inSession: true });
      },
      release: async () => {
        if (released) return;
        released = true;
        try {
          if (thread.isAlive) await thread.ask({ kind: "release" });
        } catch (error) {
          // A thread that has just died has rolled back; the next statement says that it is down.
          if (thread.isAlive) throw error;
        } finally {
          end();
        }
      },
    };
  }

  async listen(channel: string, onNotification: Listener, onReconnect: () => void): Promise<Listening> {
    this.#refuseClosed();
    const listener = { onNotification, onReconnect };
    const here = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, here);
    here.add(listener);
    await this.#inTurn(() => this.#thread.ask({ kind: "listen", channel }));
    onReconnect();
    return {
      close: async () => {
        if (!here.delete(listener) || here.size > 0) return;
        this.#listeners.delete(channel);
        if (!this.#closed && this.#thread.isAlive) {
          await this.#inTurn(() => this.#thread.ask({ kind: "unlisten", channel }));
        }
      },
    };
  }

  async revive(): Promise<void> {
    this.#refuseClosed();
    await this.#inTurn(async () => {
      if (this.#thread.isAlive) return;
      await this.#thread.end();
      this.#thread = this.#startThread();
      await this.#thread.opened();
      for (const [channel, listeners] of this.#listeners) {
        await this.#thread.ask({ kind: "listen", channel });
        for (const { onReconnect } of listeners) onReconnect();
      }
    });
  }

  /** How many times a file has been brought to the disk since the thread started. */
  async syncs(): Promise<number> {
    return (await this.#inTurn(() => this.#thread.ask({ kind: "syncs" }))) as number;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const end = await this.#turns.take();
    try {
      if (this.#thread.isAlive) await this.#thread.ask({ kind: "close" });
    } catch (error) {
      // On a full disk PostgreSQL cannot shut down in order; what was confirmed is recovered at the next start.
      if (this.#thread.isAlive) throw error;
    } finally {
      await this.#thread.end();
      this.#unlock();
      end();
    }
  }

  #startThread(): PGliteThread {
    return new PGliteThread(
      { folder: join(this.place, "pgdata"), cache: this.#cache },
      (channel, payload) => {
        for (const { onNotification } of this.#listeners.get(channel) ?? []) onNotification(payload);
      },
    );
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const end = await this.#turns.take();
    try {
      return await work();
    } finally {
      end();
    }
  }

  #refuseClosed(): void {
    if (!this.#closed) return;
    throw new DatabaseError("DATABASE_CLOSED", `the state database in ${this.place} has been closed`, {
      remedy: "open it again",
    });
  }
}

async function run<Row>(
  thread: PGliteThread,
  statement: {
    readonly text: string;
    readonly values: readonly (string | null)[];
    readonly inSession: boolean;
  },
): Promise<QueryResult<Row>> {
  return (await thread.ask({ kind: "query", ...statement })) as QueryResult<Row>;
}

function refuseOtherFormat(folder: string): void {
  const file = join(folder, "PG_VERSION");
  if (!existsSync(file)) return;
  const found = readFileSync(file, "utf8").trim();
  if (found === postgresMajor) return;
  throw new DatabaseError(
    "DATABASE_FORMAT",
    `${folder} holds files of PostgreSQL ${found}; this version of Alphaloom uses ${postgresMajor}`,
    {
      remedy: "use the version of Alphaloom that made it, or another workspace",
      place: { folder },
    },
  );
}

/** Node's recursive mkdir says ENOENT where the file system is read-only; without `recursive` it says so. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    mkdirSync(folder, { mode: 0o700 });
  }
}

function asFileFailure(directory: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return error;
  return fileFailure(directory, String(error.code), error.message) ?? error;
}
