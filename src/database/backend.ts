import type { Listening, Queryable } from "./state-database.ts";

/** One connection of its own, from `connect` to `release`. What it left open is rolled back at its release. */
export interface Connection extends Queryable {
  /** `discard`: the connection is in a state that nobody knows. */
  release(discard?: boolean): Promise<void>;
}

/** Port: what the two kinds of database do differently. */
export interface Backend extends Queryable {
  readonly kind: "pglite" | "postgres";
  readonly place: string;
  connect(): Promise<Connection>;
  listen(
    channel: string,
    onNotification: (payload: string) => void,
    onReconnect: () => void,
  ): Promise<Listening>;
  /** Makes what is needed after a loss, such as a new thread; throws DATABASE_DOWN while there is none. */
  revive(): Promise<void>;
  close(): Promise<void>;
}
