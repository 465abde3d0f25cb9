import type { QueryResult } from "../state-database.ts";
import type { SqlFacts } from "../errors.ts";

/** What the thread is started with. */
export interface ThreadStart {
  /** PGlite's own folder; made when it is not there. */
  readonly folder: string;
  /** Folder of templates, or null for none. */
  readonly cache: string | null;
}

export type ThreadRequest =
  | {
      readonly kind: "query";
      readonly text: string;
      readonly values: readonly (string | null)[];
      /** Whether a transaction may stay open after it. */
      readonly inSession: boolean;
    }
  /** Ends a session: what it left open is rolled back. */
  | { readonly kind: "release" }
  | { readonly kind: "listen" | "unlisten"; readonly channel: string }
  | { readonly kind: "syncs" }
  | { readonly kind: "close" };

/** Why a request failed: with facts PostgreSQL refused the statement, without them something else went wrong. */
export interface ThreadFailure {
  readonly facts: SqlFacts | null;
  readonly message: string;
  /** A defect of the statement's caller, such as a transaction left open. */
  readonly misuse: boolean;
}

export type ThreadReport =
  | { readonly kind: "opened"; readonly how: "copied" | "initialised" | "there" }
  | {
      readonly kind: "refused";
      readonly message: string;
      /** PostgreSQL's last lines. */
      readonly log: readonly string[];
      /** The operating system's code when a file could not be made. */
      readonly systemCode: string | null;
    }
  /** The last words of a thread in which PostgreSQL stopped. */
  | { readonly kind: "stopped"; readonly log: readonly string[] }
  | { readonly kind: "done"; readonly id: number; readonly result: QueryResult | number | null }
  | { readonly kind: "failed"; readonly id: number; readonly failure: ThreadFailure }
  | { readonly kind: "notified"; readonly channel: string; readonly payload: string };

export interface ThreadOrder {
  readonly id: number;
  readonly request: ThreadRequest;
}
