/** A query's rows as batches of typed columns, through `COPY (…) TO STDOUT (FORMAT binary)`: the server's fastest way out. */
import { to } from "pg-copy-streams";
import { DataError } from "../../errors.ts";
import type { ColumnBatch } from "../../duckdb/columns.ts";
import { RowDecoder, type WireColumn } from "./row-decoder.ts";
import type { PostgresSession } from "./session.ts";

export interface CopyQuery {
  /** A SELECT without values to bind: COPY takes none. Its columns are `columns`, in order. */
  readonly sql: string;
  readonly columns: readonly WireColumn[];
  /** For errors: `reading market.kline_daily_raw`. */
  readonly doing: string;
}

const BATCH_ROWS = 32_768;
/** Chunks that wait for the reader; beyond them the socket is not read, and so the server waits. */
const HIGH_WATER_BYTES = 1 << 20;

/**
 * Streams the rows. Leaving the loop early, and the signal, cut the connection: the session is then of no more use. Throws
 * SOURCE_… as the server reports, and the signal's reason.
 */
export async function* copyOut(
  session: PostgresSession,
  { sql, columns, doing }: CopyQuery,
  options: { readonly batchRows?: number; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<ColumnBatch> {
  const { signal } = options;
  signal?.throwIfAborted();
  const decoder = new RowDecoder(columns, options.batchRows ?? BATCH_ROWS);
  const stream = session.client.query(
    to(`COPY (${sql}) TO STDOUT (FORMAT binary)`, { highWaterMark: HIGH_WATER_BYTES }),
  );
  const stop = (): void => {
    stream.destroy(signal!.reason as Error);
    session.destroy();
  };
  // Between its chunks a stream does not notice that the connection is gone.
  const cut = (): void => {
    if (!decoder.ended) stream.destroy(new Error("Connection terminated unexpectedly"));
  };
  signal?.addEventListener("abort", stop, { once: true });
  session.client.once("end", cut);
  let complete = false;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) yield* decoder.push(chunk);
    signal?.throwIfAborted();
    if (!decoder.ended) throw cutShort(session, doing);
    const last = decoder.last();
    complete = true;
    if (last !== null) yield last;
  } catch (error) {
    signal?.throwIfAborted();
    throw session.failure(error, doing);
  } finally {
    signal?.removeEventListener("abort", stop);
    session.client.off("end", cut);
    if (!complete) session.destroy();
  }
}

function cutShort(session: PostgresSession, doing: string): DataError {
  return new DataError("SOURCE_UNREACHABLE", `${session.place}, ${doing}: the stream ends before its end`, {
    remedy: "look at the server's log, then run it again",
  });
}
