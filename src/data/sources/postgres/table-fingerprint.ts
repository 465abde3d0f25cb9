/**
 * What stands for a table's content: how many rows, from which day to which, and a sum over the transactions that wrote
 * them (`xmin`). An insert, an update or a delete changes one of them; so may a dump that is restored, which then only
 * costs a reading that finds nothing new. Tables without `xmin` (views, compressed chunks of TimescaleDB) are told by
 * rows and days only.
 */
import { createHash } from "node:crypto";
import { DataError } from "../../errors.ts";
import { readTableMapping } from "../../mapping/table-mapping.ts";
import { hasTable, tableOf } from "./catalogue.ts";
import { sqlColumn, sqlTable, type TableName, tableNamed, textOfTable } from "./identifier.ts";
import { parsePostgresLocator } from "./locator.ts";
import { keysByName } from "./recognise-table.ts";
import { ADJUSTMENT_TABLE } from "./resolve-table.ts";
import { PostgresSession, sourceUrlOf } from "./session.ts";

export { sourceUrlOf };

export interface TableFingerprint {
  readonly table: string;
  /** SHA-256 of what tells the database from any other: a table of the same name elsewhere is another one. */
  readonly database: string;
  readonly rows: number;
  /** SHA-256 of everything that is compared. */
  readonly sha256: string;
}

/** Fingerprints of a locator's tables and those that are joined to it, its own first. Throws SOURCE_…. */
export async function fingerprintTables(
  locator: string,
  options: { readonly url: string; readonly mapping: string | null },
): Promise<readonly TableFingerprint[]> {
  const { table, adjustment, factors } = parsePostgresLocator(locator);
  const tables = options.mapping === null ? {} : (await readTableMapping(options.mapping)).tables;
  await using session = await PostgresSession.open(options.url);
  const names = [table];
  for (const name of [adjustment, factors]) if (name !== undefined) names.push(name);
  for (const text of [tables.adjustment, tables.factors])
    if (text !== undefined) names.push(tableNamed(text));
  const beside = { schema: table.schema, table: ADJUSTMENT_TABLE };
  if (await hasTable(session, beside)) names.push(beside);
  const database = await identityOf(session);
  const found: TableFingerprint[] = [];
  for (const [text, name] of new Map(names.map((each) => [textOfTable(each), each])))
    found.push({ table: text, database, ...(await fingerprintOf(session, name)) });
  return found;
}

/**
 * The server's own number, which it keeps when it moves and shares with its replicas, and that of the database; where the
 * user may not ask for it, host, port and name.
 */
async function identityOf(session: PostgresSession): Promise<string> {
  const [row] = await either(
    session,
    `SELECT s.system_identifier::text AS server, d.oid::text AS database
     FROM pg_catalog.pg_control_system() s, pg_catalog.pg_database d WHERE d.datname = current_database()`,
    "SELECT NULL AS server",
  );
  const { server, database } = row!;
  return hashOf(server === null ? [session.place] : [server, database]);
}

async function fingerprintOf(
  session: PostgresSession,
  name: TableName,
): Promise<{ readonly rows: number; readonly sha256: string }> {
  const table = await tableOf(session, name);
  const { date } = keysByName(table);
  const span =
    date === undefined ? "''" : `min(${sqlColumn(date)})::text || ' ' || max(${sqlColumn(date)})::text`;
  const plain = `SELECT count(*)::float8 AS rows, ${span} AS span FROM ${sqlTable(name)}`;
  const written = `SELECT count(*)::float8 AS rows, ${span} AS span, sum(hashint8(xmin::text::int8))::text AS writers FROM ${sqlTable(name)}`;
  const [row] = table.kind === "table" ? await either(session, written, plain) : await session.query(plain);
  const [own] = await session.query("SELECT to_regclass($1)::oid::text AS oid", [sqlTable(name)]);
  const { rows, span: days, writers = null } = row!;
  return { rows: Number(rows), sha256: hashOf([own!["oid"], table.columns, rows, days, writers]) };
}

function hashOf(facts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}

/** The second where the server refuses the first; a failed statement must not end the session's transaction. */
async function either(
  session: PostgresSession,
  first: string,
  second: string,
): Promise<Record<string, unknown>[]> {
  await session.query("SAVEPOINT either");
  try {
    return await session.query(first);
  } catch (error) {
    if (!(error instanceof DataError) || !/^SOURCE_(FAILED|NOT_PERMITTED)$/.test(error.code)) throw error;
    await session.query("ROLLBACK TO SAVEPOINT either");
    return session.query(second);
  }
}
