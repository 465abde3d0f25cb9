/**
 * A connection to a PostgreSQL server. A reading one lives in one transaction, REPEATABLE READ and READ ONLY: everything
 * it reads is of one moment, and nothing it is told can write. Sessions of the same moment are opened through its snapshot.
 */
import { Client } from "pg";
import { DataError } from "../../errors.ts";
import { sourceError } from "./server-errors.ts";

export const SOURCE_URL = "ALPHALOOM_SOURCE_URL";

export interface SessionOptions {
  /** `write`: outside of any transaction, for statements that change tables. */
  readonly mode?: "read" | "write";
  /** Snapshot of another reading session ({@link PostgresSession.snapshot}). */
  readonly snapshot?: string;
  readonly connectTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const SNAPSHOT = /^[0-9A-F]+(-[0-9A-F]+)*$/;

/** The connection of the environment. Throws SOURCE_URL_MISSING. */
export function sourceUrlOf(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  name = SOURCE_URL,
): string {
  const url = environment[name];
  if (url !== undefined && url !== "") return url;
  throw new DataError("SOURCE_URL_MISSING", `the environment variable ${name} is not set`, {
    remedy: `set it to the database: ${name}=postgresql://USER:PASSWORD@HOST:5432/DATABASE`,
  });
}

/** `host:port/database` of a connection, which may be shown. Throws SOURCE_URL_INVALID without repeating it. */
export function placeOfUrl(url: string): string {
  const { hostname, port, pathname } = parsed(url);
  return `${hostname === "" ? "localhost" : decodeURIComponent(hostname)}:${port === "" ? "5432" : port}${pathname === "/" ? "" : pathname}`;
}

function parsed(url: string): URL {
  const found = URL.canParse(url) ? new URL(url) : null;
  if (found !== null && /^postgres(ql)?:$/.test(found.protocol)) return found;
  throw new DataError(
    "SOURCE_URL_INVALID",
    "the connection is not of the form postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
    {
      remedy: "correct it; characters such as @ / : in a password are written as %40 %2F %3A",
    },
  );
}

export class PostgresSession implements AsyncDisposable {
  /** `host:port/database`. */
  readonly place: string;
  readonly client: Client;
  readonly #secret: string;
  #lost: Error | undefined;

  private constructor(url: string) {
    this.place = placeOfUrl(url);
    this.#secret = decodeURIComponent(parsed(url).password);
    this.client = new Client({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      application_name: "alphaloom",
    });
    // A connection that is lost between two statements is told by the next one.
    this.client.on("error", (error) => {
      this.#lost = error;
    });
  }

  /** Throws SOURCE_URL_INVALID, SOURCE_UNREACHABLE, SOURCE_LOGIN, SOURCE_DATABASE_MISSING. */
  static async open(url: string, options: SessionOptions = {}): Promise<PostgresSession> {
    const session = new PostgresSession(url);
    try {
      await session.client.connect();
    } catch (error) {
      throw session.failure(error, "connecting");
    }
    try {
      await session.#begin(options);
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
    return session;
  }

  async #begin({ mode = "read", snapshot }: SessionOptions): Promise<void> {
    await this.query("SET lock_timeout = '30s'");
    if (mode === "write") return;
    // An export may pause for longer than the server lets transactions rest, and read for longer than a statement may run.
    await this.query("SET idle_in_transaction_session_timeout = 0");
    await this.query("SET statement_timeout = 0");
    await this.query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    if (snapshot === undefined) return;
    if (!SNAPSHOT.test(snapshot)) throw new TypeError("a snapshot is named by hexadecimal digits");
    await this.query(`SET TRANSACTION SNAPSHOT '${snapshot}'`);
  }

  /** A name under which other sessions see what this one sees, for as long as it is open. */
  async snapshot(): Promise<string> {
    const [row] = await this.query("SELECT pg_export_snapshot() AS name");
    return String(row!["name"]);
  }

  /** A small result. Throws what the server reports as a coded error. */
  async query(
    sql: string,
    values: readonly unknown[] = [],
    doing = "asking the server",
  ): Promise<Record<string, unknown>[]> {
    if (this.#lost !== undefined) throw this.failure(this.#lost, doing);
    try {
      const { rows } = await this.client.query<Record<string, unknown>>(sql, [...values]);
      return rows;
    } catch (error) {
      throw this.failure(error, doing);
    }
  }

  /** A failure of this session as a coded error. */
  failure(error: unknown, doing: string): Error {
    return sourceError(error, { place: this.place, doing, secret: this.#secret });
  }

  /** Cuts the connection: the server stops what it is doing as soon as it notices. */
  destroy(): void {
    (
      this.client as unknown as { readonly connection: { readonly stream: { destroy(): void } } }
    ).connection.stream.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.client.end();
    } catch (error) {
      // What was read is read; a server that is gone needs no goodbye.
      if (!(error instanceof Error)) throw error;
    }
  }
}
