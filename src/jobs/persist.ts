/** Riding out a database that goes away and comes back: a restarted server, a broken connection. */
import type { JobDatabase } from "./rows.ts";

/** SQLSTATEs of a transaction that has only to be tried again: serialization failure, deadlock. */
const AGAIN = new Set(["40001", "40P01"]);

/**
 * Does `work` until it neither finds the database away nor is in another transaction's way. It may be done although it
 * seemed not to be, so it has to bear being done twice. Rejects with the signal's reason.
 */
export async function persist<T>(
  database: Pick<JobDatabase, "whenUp">,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (isDown(error)) await database.whenUp(signal);
      else if (!AGAIN.has(codeOf(error))) throw error;
    }
    signal?.throwIfAborted();
  }
}

export function isDown(error: unknown): boolean {
  return codeOf(error) === "DATABASE_DOWN";
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : "";
}
