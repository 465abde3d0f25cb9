/**
 * A database that fails at one moment: before or after its n-th statement, begins and commits included. `dies`: from
 * then on nothing goes through, as for a process that is killed. `breaks`: this once, as for a connection that is cut
 * and made again; after a statement means that it took effect and its answer was lost.
 */
import { DatabaseError } from "#database/errors";
import type { Queryable } from "#database/state-database";
import type { JobDatabase } from "../rows.ts";

export interface Failure {
  readonly how: "dies" | "breaks";
  readonly at: number;
  readonly when: "before" | "after";
}

export interface FailingDatabase extends JobDatabase {
  /** Statements so far. */
  readonly statements: number;
  readonly hasFailed: boolean;
}

const down = (): DatabaseError =>
  new DatabaseError("DATABASE_DOWN", "the connection is gone", { remedy: "none: this is a test" });

export function failingDatabase(database: JobDatabase, failure: Failure): FailingDatabase {
  let statements = 0;
  let hasFailed = false;
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    const number = statements++;
    if (hasFailed && failure.how === "dies") throw down();
    const isIt = number === failure.at && !hasFailed;
    if (isIt && failure.when === "before") {
      hasFailed = true;
      throw down();
    }
    const result = await work();
    if (isIt) {
      hasFailed = true;
      throw down();
    }
    return result;
  };
  const failing = (inner: Queryable): Queryable => ({
    query: (text, values) => step(() => inner.query(text, values)),
  });
  return {
    kind: database.kind,
    get statements() {
      return statements;
    },
    get hasFailed() {
      return hasFailed;
    },
    ...failing(database),
    async transaction(work) {
      let committed: { readonly result: Awaited<ReturnType<typeof work>> } | undefined;
      await step(() => Promise.resolve());
      await step(async () => {
        await database.transaction(async (transaction) => {
          const result = await work(failing(transaction));
          committed = { result };
        });
      });
      return committed!.result;
    },
    async whenUp(signal) {
      signal?.throwIfAborted();
      if (failure.how === "breaks" || !hasFailed) return;
      await new Promise((_, reject) =>
        signal?.addEventListener("abort", () => reject(signal.reason as Error)),
      );
    },
  };
}
