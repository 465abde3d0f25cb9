/** What a PostgreSQL server and its driver report, as coded errors. They name the place, never the password. */
import { DataError, type DataErrorCode } from "../../errors.ts";

interface Meaning {
  readonly code: DataErrorCode;
  readonly remedy: string;
}

const reachable = "start the server, or correct host and port in ALPHALOOM_SOURCE_URL";

/** By SQLSTATE, whole or its class, and by the codes of the operating system. */
const meanings: Readonly<Record<string, Meaning>> = {
  "28P01": { code: "SOURCE_LOGIN", remedy: "correct user and password in ALPHALOOM_SOURCE_URL" },
  "28": {
    code: "SOURCE_LOGIN",
    remedy: "correct user and password, or let the server's pg_hba.conf accept them",
  },
  "3D000": {
    code: "SOURCE_DATABASE_MISSING",
    remedy: "correct the database at the end of ALPHALOOM_SOURCE_URL",
  },
  "3F000": {
    code: "SOURCE_TABLE_MISSING",
    remedy: "correct the schema; `alphaloom source test` lists the tables",
  },
  "42P01": { code: "SOURCE_TABLE_MISSING", remedy: "correct the table; `alphaloom source test` lists them" },
  "42703": { code: "SOURCE_COLUMN_MISSING", remedy: "correct the column in the mapping" },
  "42501": {
    code: "SOURCE_NOT_PERMITTED",
    remedy: "grant the user the right: USAGE on the schema, SELECT on the table",
  },
  "25006": {
    code: "SOURCE_NOT_PERMITTED",
    remedy: "the session is read-only; write to the primary server, with a user that may",
  },
  "22007": { code: "DATA_DATE_INVALID", remedy: "correct the row in the table, or name another date column" },
  "22008": { code: "DATA_DATE_INVALID", remedy: "correct the row in the table, or name another date column" },
  "23": { code: "SOURCE_FAILED", remedy: "look at the table's constraints" },
  "57014": {
    code: "SOURCE_TIMEOUT",
    remedy: "raise statement_timeout of the user, or add an index on the date column",
  },
  "55P03": {
    code: "SOURCE_TIMEOUT",
    remedy: "somebody holds a lock on the table; try again when they are done",
  },
  "53300": { code: "SOURCE_UNREACHABLE", remedy: "close other connections, or raise max_connections" },
  "57P": {
    code: "SOURCE_UNREACHABLE",
    remedy: "wait until the server accepts connections, then run it again",
  },
  "08": { code: "SOURCE_UNREACHABLE", remedy: reachable },
  ECONNREFUSED: { code: "SOURCE_UNREACHABLE", remedy: reachable },
  ENOTFOUND: { code: "SOURCE_UNREACHABLE", remedy: reachable },
  EAI_AGAIN: { code: "SOURCE_UNREACHABLE", remedy: reachable },
  EHOSTUNREACH: { code: "SOURCE_UNREACHABLE", remedy: reachable },
  ETIMEDOUT: { code: "SOURCE_UNREACHABLE", remedy: reachable },
  ENOENT: { code: "SOURCE_UNREACHABLE", remedy: reachable },
  ECONNRESET: { code: "SOURCE_UNREACHABLE", remedy: "look at the server's log, then run it again" },
  EPIPE: { code: "SOURCE_UNREACHABLE", remedy: "look at the server's log, then run it again" },
};

const lost = /connection (terminated|ended)|timeout expired|terminat|closed the connection|not queryable/i;

/**
 * The coded error that a failure amounts to; a coded one and a defect (TypeError …) stay as they are. `place` is
 * `host:port/database`; `doing` is what was attempted: `reading market.bars`.
 */
export function sourceError(
  error: unknown,
  attempt: { readonly place: string; readonly doing: string; readonly secret?: string | undefined },
): Error {
  if (error instanceof DataError) return error;
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError)
    return error;
  if (!(error instanceof Error)) return new Error(String(error));
  if (error.name === "AbortError") return error;
  const first = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
  const code = "code" in first && typeof first.code === "string" ? first.code : "";
  const { secret } = attempt;
  const plain = first.message.split("\n", 1)[0]!;
  const message = secret === undefined || secret === "" ? plain : plain.replaceAll(secret, "***");
  const meaning =
    meanings[code] ??
    (/^[0-9A-Z]{5}$/.test(code) ? (meanings[code.slice(0, 3)] ?? meanings[code.slice(0, 2)]) : undefined) ??
    (lost.test(message) ? meanings["ECONNRESET"]! : undefined);
  const found = `${attempt.place}, ${attempt.doing}: ${message === "" ? code : message}`;
  if (meaning !== undefined) return new DataError(meaning.code, found, { remedy: meaning.remedy });
  return new DataError("SOURCE_FAILED", `${found}${code === "" ? "" : ` (${code})`}`, {
    remedy: "look at the server's log; the code is PostgreSQL's SQLSTATE",
  });
}
