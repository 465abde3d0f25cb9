/**
 * The state database as its users see it: jobs, schedules, users, settings. One interface and one SQL dialect
 * (PostgreSQL), whether PGlite runs it in the workspace or a server does.
 */
import type { Kysely } from "kysely";

export interface QueryResult<Row = Readonly<Record<string, unknown>>> {
  /** Of several statements: the rows of all of them, in order. */
  readonly rows: Row[];
  /** Rows the last statement returned or changed. */
  readonly rowCount: number;
  /** The last statement's command tag, such as INSERT. */
  readonly command: string;
}

export interface Queryable {
  /**
   * Runs `text` with its `$1 …` values. Without values it may hold several statements, which are one transaction unless
   * they say otherwise. Values: null, string, number, bigint, boolean, Date, Uint8Array; an array becomes a PostgreSQL
   * array and any other object JSON, so a JSON array is handed in as text.
   * Rows: int8 is a number when safe, else a bigint; timestamptz a Date; json parsed; bytea a Uint8Array; numeric, date,
   * timestamp, interval and all others text.
   * Throws `SqlError` for what PostgreSQL refuses and `DatabaseError` DATABASE_DOWN when it cannot be reached: then
   * nobody knows whether the statement took effect, so that the caller decides whether to repeat it.
   */
  query<Row = Readonly<Record<string, unknown>>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>>;
}

export interface Listening {
  close(): Promise<void>;
}

export interface StateDatabase extends Queryable, AsyncDisposable {
  readonly kind: "pglite" | "postgres";
  /** Folder, or host, port and database; never a password. */
  readonly place: string;
  /** Tables are named with their schema; `kysely.$extendTables<Tables>()` types them. */
  readonly kysely: Kysely<object>;
  /**
   * Runs `work` in one transaction: committed when it returns, rolled back when it throws. PGlite has one connection:
   * statements outside the transaction wait until it ends, so `work` must not await them.
   */
  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T>;
  /** Hears NOTIFY on a channel. `onReconnect` is called at the start and after each loss: what came between is lost. */
  listen(
    channel: string,
    onNotification: (payload: string) => void,
    onReconnect: () => void,
  ): Promise<Listening>;
  /** Resolves as soon as a statement goes through; rejects with the signal's reason. */
  whenUp(signal?: AbortSignal): Promise<void>;
  /** Waits for statements under way, then gives everything back. Harmless when repeated. */
  close(): Promise<void>;
}
