import { DatabaseError, SqlError, sqlFactsOf } from "../errors.ts";

/** Codes of the operating system that say there is no connection. */
const system = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EPIPE",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
]);

/** Class 08 (connection), shutting down or starting up, a killed backend, too many connections. */
const downState = /^(08\w{3}|57P0[1-5]|53300)$/;
const refusedState = /^(28\w{3}|3D000|42501|0LP01)$/;

/** What the driver says without a code. */
const lost =
  /connection terminated|connection error and is not queryable|timeout exceeded|client was closed|server closed/i;

/**
 * A driver's error as ours: DATABASE_DOWN, DATABASE_REFUSED (while connecting), DATABASE_DISK_FULL, `SqlError`, or the
 * error itself.
 */
export function serverFailure(error: unknown, place: string, phase: "connecting" | "statement"): unknown {
  const facts = sqlFactsOf(error);
  if (facts !== null) {
    if (downState.test(facts.code)) return down(place, facts.message, error);
    if (facts.code === "53100") {
      return new DatabaseError("DATABASE_DISK_FULL", `${place}: ${facts.message}`, {
        remedy: "free space on the database server's disk",
        place: { database: place },
        cause: error,
      });
    }
    if (phase === "connecting" && refusedState.test(facts.code)) {
      return new DatabaseError("DATABASE_REFUSED", `${place} refuses: ${facts.message}`, {
        remedy:
          "check user, password and database name in DATABASE_URL, and that the user may create schemas",
        place: { database: place },
        cause: error,
      });
    }
    return new SqlError(facts, error);
  }
  if (!(error instanceof Error)) return error;
  // Of several addresses tried, Node reports an AggregateError without a message of its own.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const code = first instanceof Error && "code" in first ? String(first.code) : "";
  if (system.has(code) || lost.test(error.message)) {
    return down(place, first instanceof Error && first.message !== "" ? first.message : code, error);
  }
  return error;
}

function down(place: string, why: string, cause: unknown): DatabaseError {
  return new DatabaseError("DATABASE_DOWN", `the database server at ${place} cannot be reached: ${why}`, {
    remedy: "start it, or correct DATABASE_URL; running workers go on as soon as it answers",
    place: { database: place },
    cause,
  });
}
