import { setTimeout as sleep } from "node:timers/promises";
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from "kysely";
import type { Backend, Connection } from "./backend.ts";
import type { LockProcesses } from "./directory-lock.ts";
import { DatabaseError } from "./errors.ts";
import { migrate, type Migration } from "./migrate.ts";
import { migrations as ours } from "./migrations/index.ts";
import { PGliteBackend } from "./pglite/pglite-backend.ts";
import { cacheFolder } from "./pglite/template.ts";
import { PostgresBackend } from "./postgres/postgres-backend.ts";
import type { Queryable, StateDatabase } from "./state-database.ts";

export interface OpenOptions {
  /** Folder of the embedded database, usually `<workspace>/state`; unused with `url`. */
  readonly directory: string;
  /** A PostgreSQL server's address, usually `DATABASE_URL`; absent or empty: the embedded one. */
  readonly url?: string | undefined;
  /** Tells whether the holder of the folder's lock still lives. */
  readonly processes: LockProcesses;
  /** Where an initialised folder is kept for the next workspace; null: nowhere. Default: the user's cache folder. */
  readonly cache?: string | null;
  /** Most connections to a server at a time; default 10. */
  readonly connections?: number;
  /** Default: all of this version. */
  readonly migrations?: readonly Migration[];
}

const DEFAULT_CONNECTIONS = 10;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Opens the state database and brings its schema up to date.
 * Throws `DatabaseError`: DATABASE_LOCKED, DATABASE_DOWN, DATABASE_REFUSED, DATABASE_URL_INVALID, DATABASE_NEWER,
 * DATABASE_DIVERGED, DATABASE_FORMAT, DATABASE_DAMAGED, DATABASE_DISK_FULL, DATABASE_NOT_PERMITTED.
 */
export async function openDatabase(options: OpenOptions): Promise<StateDatabase> {
  const { directory, url, processes, cache = cacheFolder() } = options;
  const backend: Backend =
    url === undefined || url === ""
      ? await PGliteBackend.open(directory, { processes, cache })
      : await PostgresBackend.open(url, options.connections ?? DEFAULT_CONNECTIONS);
  try {
    const database = stateDatabaseOf(backend);
    await migrate(database, options.migrations ?? ours);
    return database;
  } catch (error) {
    await backend.close();
    throw error;
  }
}

function stateDatabaseOf(backend: Backend): StateDatabase {
  const kysely = new Kysely<object>({ dialect: new PostgresDialect({ pool: poolOf(backend) }) });
  const close = async (): Promise<void> => {
    await kysely.destroy();
    await backend.close();
  };
  return {
    kind: backend.kind,
    place: backend.place,
    kysely,
    query: (text, values) => backend.query(text, values),
    transaction: (work) => inTransaction(backend, work),
    listen: (channel, onNotification, onReconnect) => backend.listen(channel, onNotification, onReconnect),
    whenUp: (signal) => whenUp(backend, signal),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function inTransaction<T>(backend: Backend, work: (transaction: Queryable) => Promise<T>): Promise<T> {
  const connection = await backend.connect();
  try {
    await connection.query("begin");
    const result = await work(connection);
    const { command } = await connection.query("commit");
    if (command === "ROLLBACK") throw new TypeError("the transaction had failed: its error was swallowed");
    return result;
  } finally {
    // What was not committed is rolled back here.
    await connection.release();
  }
}

async function whenUp(backend: Backend, signal?: AbortSignal): Promise<void> {
  for (let pauseMs = 50; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    signal?.throwIfAborted();
    try {
      await backend.revive();
      return;
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.code !== "DATABASE_DOWN") throw error;
      await pause(pauseMs, signal);
    }
  }
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch {
    signal?.throwIfAborted();
  }
}

/** Kysely's PostgreSQL dialect needs of a pool only connections, so that both kinds of database serve it. */
function poolOf(backend: Backend): PostgresPool {
  return {
    connect: async () => clientOf(await backend.connect()),
    end: () => Promise.resolve(),
    options: {},
  };
}

function clientOf(connection: Connection): PostgresPoolClient {
  return {
    query: (text: string, values: readonly unknown[]) => connection.query(text, values),
    release: (discard?: boolean) => void connection.release(discard),
  } as unknown as PostgresPoolClient;
}
