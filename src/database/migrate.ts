/**
 * Forward-only migrations: numbered SQL texts, applied in one transaction under an advisory lock, each recorded with the
 * checksum of its text in `alphaloom.migration`. After Flyway's versioned migrations.
 */
import { createHash } from "node:crypto";
import { DatabaseError } from "./errors.ts";
import type { Queryable, StateDatabase } from "./state-database.ts";

export interface Migration {
  /** 1, 2, 3 … without gaps. */
  readonly number: number;
  readonly name: string;
  /** Statements separated by semicolons; they name their schema. */
  readonly sql: string;
}

interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

/** Any number, the same for every process: two that start together migrate one after the other. */
const LOCK = 7_305_118_934;

const checksumOf = (migration: Migration): string =>
  createHash("sha256").update(migration.sql.trim().replace(/\s+/g, " ")).digest("hex");

/**
 * Brings the schema to the last of `migrations`; all that are missing or none. Returns the numbers applied now.
 * Throws DATABASE_NEWER and DATABASE_DIVERGED, with nothing changed.
 */
export async function migrate(
  database: Pick<StateDatabase, "transaction" | "place">,
  migrations: readonly Migration[],
): Promise<number[]> {
  for (const [index, migration] of migrations.entries()) {
    if (migration.number !== index + 1) {
      throw new TypeError(`migration ${migration.number} (${migration.name}) stands at place ${index + 1}`);
    }
  }
  return await database.transaction(async (transaction) => {
    await transaction.query(`select pg_advisory_xact_lock(${LOCK})`);
    const applied = await appliedMigrations(transaction);
    refuseForeign(database.place, applied, migrations);
    const missing = migrations.slice(applied.length);
    for (const migration of missing) {
      await transaction.query(migration.sql);
      await transaction.query(
        "insert into alphaloom.migration (number, name, checksum) values ($1, $2, $3)",
        [migration.number, migration.name, checksumOf(migration)],
      );
    }
    return missing.map(({ number }) => number);
  });
}

async function appliedMigrations(transaction: Queryable): Promise<AppliedMigration[]> {
  await transaction.query(`
    create schema if not exists alphaloom;
    create table if not exists alphaloom.migration (
      number int primary key,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`);
  const { rows } = await transaction.query<AppliedMigration>(
    "select number, name, checksum from alphaloom.migration order by number",
  );
  return rows;
}

function refuseForeign(
  place: string,
  applied: readonly AppliedMigration[],
  migrations: readonly Migration[],
): void {
  const last = applied.at(-1);
  if (last !== undefined && last.number > migrations.length) {
    throw new DatabaseError(
      "DATABASE_NEWER",
      `${place} is at migration ${last.number} (${last.name}); this version knows ${migrations.length}`,
      { remedy: "use the version of Alphaloom that migrated it, or a newer one", place: { database: place } },
    );
  }
  for (const [index, { number, name, checksum }] of applied.entries()) {
    const own = migrations[index]!;
    if (number === own.number && checksum === checksumOf(own)) continue;
    throw new DatabaseError(
      "DATABASE_DIVERGED",
      `${place} has migration ${number} (${name}), which differs from this version's ${own.number} (${own.name})`,
      {
        remedy: "use the version of Alphaloom that migrated it, or another workspace or database",
        place: { database: place },
      },
    );
  }
}
