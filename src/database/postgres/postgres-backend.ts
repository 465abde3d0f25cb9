/** A PostgreSQL server as a backend: a pool of connections, and one more for each channel that is listened to. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  Client,
  escapeIdentifier,
  Pool,
  type ClientBase,
  type CustomTypesConfig,
  type PoolClient,
  type PoolConfig,
} from "pg";
import type { Backend, Connection } from "../backend.ts";
import { DatabaseError } from "../errors.ts";
import { decoders, encodeValue } from "../sql-values.ts";
import type { Listening, QueryResult } from "../state-database.ts";
import { placeOfUrl } from "./server-address.ts";
import { serverFailure } from "./server-failure.ts";

/** The oldest version that the queue works with; 15 is the oldest that is tested. */
const OLDEST = 130_000;
const CONNECT_TIMEOUT_MS = 5_000;
const LONGEST_PAUSE_MS = 2_000;

const asText = (value: string): string => value;

/** Our decoders instead of the driver's; see sql-values. */
const types: CustomTypesConfig = { getTypeParser: (oid: number) => decoders.get(oid) ?? asText };

const IDLE_IN_TRANSACTION_MS = 10_000;

export class PostgresBackend implements Backend {
  readonly kind = "postgres";
  readonly place: string;
  readonly #config: PoolConfig;
  readonly #pool: Pool;
  #closed = false;

  private constructor(url: string, connections: number) {
    this.place = placeOfUrl(url);
    this.#config = {
      connectionString: url,
      max: connections,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      // A process that is paused in the middle of a transaction would hold its locks against all others.
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      application_name: "alphaloom",
      types,
      ...(new URL(url).searchParams.has("options") ? {} : { options: "-c timezone=UTC -c datestyle=ISO" }),
    };
    this.#pool = new Pool(this.#config);
    // A lost connection tells so besides failing its statement, and would end the process if nobody heard it. An idle
    // one is taken out of the pool; the next statement sees whether the server is there.
    this.#pool.on("connect", (client) => client.on("error", () => {}));
    this.#pool.on("error", () => {});
  }

  /** Throws DATABASE_URL_INVALID, DATABASE_DOWN, DATABASE_REFUSED, DATABASE_FORMAT. */
  static async open(url: string, connections: number): Promise<PostgresBackend> {
    placeOfUrl(url);
    const backend = new PostgresBackend(url, connections);
    try {
      const { rows } = await backend.query<{ version: number; name: string }>(
        "select current_setting('server_version_num')::int as version, current_setting('server_version') as name",
      );
      const { version, name } = rows[0]!;
      if (version < OLDEST) {
        throw new DatabaseError("DATABASE_FORMAT", `${backend.place} is PostgreSQL ${name}`, {
          remedy: `use PostgreSQL ${OLDEST / 10_000} or newer`,
          place: { database: backend.place },
        });
      }
      return backend;
    } catch (error) {
      await backend.close();
      throw error;
    }
  }

  async query<Row>(text: string, values: readonly unknown[] = []): Promise<QueryResult<Row>> {
    const client = await this.#client();
    let lost = false;
    let failed = false;
    try {
      return await runStatement<Row>(client, text, values);
    } catch (error) {
      const failure = serverFailure(error, this.place, "statement");
      failed = true;
      lost = failure instanceof DatabaseError;
      throw failure;
    } finally {
      const left = !failed && client.getTransactionStatus() === "T";
      client.release(lost || !(await isFree(client, failed)));
      // oxlint-disable-next-line no-unsafe-finally -- a transaction left open is a defect, and nothing failed before it
      if (left) throw new TypeError("a transaction was left open: use transaction()");
    }
  }

  async connect(): Promise<Connection> {
    const client = await this.#client();
    let released = false;
    let lost = false;
    let failed = false;
    return {
      query: async <Row>(text: string, values: readonly unknown[] = []): Promise<QueryResult<Row>> => {
        if (released) throw new TypeError("the connection has been released");
        try {
          return await runStatement<Row>(client, text, values);
        } catch (error) {
          const failure = serverFailure(error, this.place, "statement");
          failed = true;
          lost ||= failure instanceof DatabaseError;
          throw failure;
        }
      },
      release: async (discard = false) => {
        if (released) return;
        released = true;
        client.release(discard || lost || !(await isFree(client, failed)));
      },
    };
  }

  async listen(
    channel: string,
    onNotification: (payload: string) => void,
    onReconnect: () => void,
  ): Promise<Listening> {
    const stop = new AbortController();
    let client = await this.#listener(channel, onNotification);
    onReconnect();
    const follow = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        await lossOf(client, stop.signal);
        for (let pauseMs = 100; !stop.signal.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
          try {
            client = await this.#listener(channel, onNotification);
            onReconnect();
            break;
          } catch (error) {
            if (!(error instanceof DatabaseError) || error.code !== "DATABASE_DOWN") throw error;
            await sleep(pauseMs, undefined, { ref: false });
          }
        }
      }
      await client.end();
    };
    const following = follow();
    return {
      close: async () => {
        stop.abort();
        await following;
      },
    };
  }

  async revive(): Promise<void> {
    await this.query("select 1");
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#pool.end();
  }

  async #client(): Promise<PoolClient> {
    if (this.#closed) {
      throw new DatabaseError("DATABASE_CLOSED", `the connections to ${this.place} have been closed`, {
        remedy: "open the state database again",
      });
    }
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw serverFailure(error, this.place, "connecting");
    }
  }

  async #listener(channel: string, onNotification: (payload: string) => void): Promise<Client> {
    const { max: _max, idleTimeoutMillis: _idle, ...config } = this.#config;
    const client = new Client(config);
    client.on("error", () => {});
    client.on("notification", ({ payload }) => onNotification(payload ?? ""));
    try {
      await client.connect();
      await client.query(`listen ${escapeIdentifier(channel)}`);
      return client;
    } catch (error) {
      await client.end();
      throw serverFailure(error, this.place, "connecting");
    }
  }
}

function lossOf(client: Client, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    client.once("end", () => resolve());
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function runStatement<Row>(
  client: ClientBase,
  text: string,
  values: readonly unknown[],
): Promise<QueryResult<Row>> {
  // Several statements give several results, which the driver's types do not say.
  const answer: unknown =
    values.length > 0 ? await client.query(text, values.map(encodeValue)) : await client.query(text);
  const results = (Array.isArray(answer) ? answer : [answer]) as Pick<
    QueryResult<Row>,
    "rows" | "rowCount" | "command"
  >[];
  const last = results.at(-1);
  return {
    rows: results.length === 1 ? results[0]!.rows : results.flatMap(({ rows }) => rows),
    rowCount: last?.rowCount ?? 0,
    command: last?.command ?? "",
  };
}

/**
 * Whether the connection is fit for others: outside any transaction; one left open is rolled back. A statement's failure
 * is told before the server says in which state it left the connection, so that this is not asked after one.
 */
async function isFree(client: ClientBase, failed: boolean): Promise<boolean> {
  if (!failed && client.getTransactionStatus() === "I") return true;
  try {
    await client.query("rollback");
    return true;
  } catch {
    return false;
  }
}
