/**
 * What PostgreSQL's background processes do elsewhere. PGlite has none: without checkpoints the log of changes grows for
 * ever, without vacuum tables whose rows are updated often do.
 */
import type { PGlite } from "@electric-sql/pglite";

const STATEMENTS_BETWEEN_LOOKS = 500;
const LOG_BYTES = 16 * 1024 * 1024;
const DEAD_ROWS = 1_000;

interface Bloated {
  readonly name: string;
}

export class Housekeeping {
  readonly #database: PGlite;
  #statements = 0;

  constructor(database: PGlite) {
    this.#database = database;
  }

  /** After a crash the log is long: it is shortened at once. */
  async atStart(): Promise<void> {
    await this.#checkpoint();
  }

  /** Counts a statement, in a transaction or not. */
  ran(): void {
    this.#statements += 1;
  }

  /** Looks after so and so many statements; no transaction may be open. */
  async between(): Promise<void> {
    if (this.#statements < STATEMENTS_BETWEEN_LOOKS) return;
    this.#statements = 0;
    await this.#vacuum();
    await this.#checkpoint();
  }

  async #checkpoint(): Promise<void> {
    const { rows } = await this.#database.query<{ bytes: number }>(
      "select pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::float8 as bytes from pg_control_checkpoint()",
    );
    if (rows[0]!.bytes > LOG_BYTES) await this.#database.exec("checkpoint");
  }

  /** Tables of which a third is dead rows, as autovacuum would take them, somewhat sooner. */
  async #vacuum(): Promise<void> {
    await this.#database.exec("select pg_stat_force_next_flush()");
    const { rows } = await this.#database.query<Bloated>(
      `select format('%I.%I', schemaname, relname) as name from pg_stat_user_tables
       where n_dead_tup > $1 and n_dead_tup * 3 > n_live_tup`,
      [String(DEAD_ROWS)],
    );
    for (const { name } of rows) await this.#database.exec(`vacuum (analyze) ${name}`);
  }
}
