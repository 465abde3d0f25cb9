/** The export ledger in the source's own database: `market.qlib_export_meta`, made on first use. */
import { byText } from "#data/export/series-table";
import { copyIn } from "#data/sources/postgres/copy-in";
import { sqlColumn, sqlTable, type TableName, tableNamed } from "#data/sources/postgres/identifier";
import { PostgresSession } from "#data/sources/postgres/session";
import { parseDay } from "#market/day";
import type { ExportLedger, LedgerEntry, LedgerScope } from "./update/export-ledger.ts";

const TABLE = "market.qlib_export_meta";
const DOING = `keeping ${TABLE}`;

/** A ledger on the server of `url`. Each call connects anew; throws SOURCE_…, SOURCE_NOT_PERMITTED for users that may not write. */
export function postgresLedger(url: string, table = TABLE): ExportLedger {
  const name = tableNamed(table);
  return {
    read: (scope) => read(url, name, scope),
    replace: (scope, entries) => replace(url, name, { scope, entries }),
  };
}

async function read(url: string, table: TableName, scope: LedgerScope): Promise<readonly LedgerEntry[]> {
  await using session = await PostgresSession.open(url);
  const [known] = await session.query(
    "SELECT to_regclass($1) IS NOT NULL AS there",
    [sqlTable(table)],
    DOING,
  );
  if (known!["there"] !== true) return [];
  const rows = await session.query(
    `SELECT ts_code, to_char(first_date, 'YYYY-MM-DD') AS first, to_char(last_date, 'YYYY-MM-DD') AS last,
       row_count::float8 AS rows, fingerprint
     FROM ${sqlTable(table)} WHERE snapshot_id = $1 AND data_type = $2 AND freq = $3`,
    [scope.snapshotId, scope.dataType, scope.freq],
    DOING,
  );
  return rows
    .map((row) => ({
      instrument: String(row["ts_code"]),
      first: parseDay(String(row["first"])),
      last: parseDay(String(row["last"])),
      rows: Number(row["rows"]),
      fingerprint: String(row["fingerprint"]),
    }))
    .sort((left, right) => byText(left.instrument, right.instrument));
}

async function replace(
  url: string,
  table: TableName,
  { scope, entries }: { readonly scope: LedgerScope; readonly entries: readonly LedgerEntry[] },
): Promise<void> {
  await using session = await PostgresSession.open(url, { mode: "write" });
  await make(session, table);
  await session.query("BEGIN", [], DOING);
  try {
    const key = [scope.snapshotId, scope.dataType, scope.freq];
    await session.query(
      `DELETE FROM ${sqlTable(table)} WHERE snapshot_id = $1 AND data_type = $2 AND freq = $3`,
      key,
      DOING,
    );
    const same = { codes: new Uint8Array(entries.length) };
    await copyIn(session, table, {
      columns: [
        ...(["snapshot_id", "data_type", "freq", "ts_code", "fingerprint"] as const).map((name) => ({
          name,
          kind: "text" as const,
        })),
        { name: "first_date", kind: "date" },
        { name: "last_date", kind: "date" },
        { name: "row_count", kind: "int8" },
      ],
      batches: [
        {
          rows: entries.length,
          values: [
            ...key.map((text) => ({ ...same, texts: [text] })),
            { codes: [...entries.keys()], texts: entries.map(({ instrument }) => instrument) },
            { codes: [...entries.keys()], texts: entries.map(({ fingerprint }) => fingerprint) },
            entries.map(({ first }) => first),
            entries.map(({ last }) => last),
            entries.map(({ rows }) => rows),
          ],
        },
      ],
    });
    await session.query("COMMIT", [], DOING);
  } catch (error) {
    await session.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

/** Asked before it is made: a user that may write to it need not be allowed to make it. */
async function make(session: PostgresSession, table: TableName): Promise<void> {
  const [known] = await session.query(
    "SELECT to_regclass($1) IS NOT NULL AS there",
    [sqlTable(table)],
    DOING,
  );
  if (known!["there"] === true) return;
  await session.query(`CREATE SCHEMA IF NOT EXISTS ${sqlColumn(table.schema)}`, [], DOING);
  await session.query(
    `CREATE TABLE IF NOT EXISTS ${sqlTable(table)} (
       snapshot_id text NOT NULL, data_type text NOT NULL, ts_code text NOT NULL, freq text NOT NULL,
       first_date date NOT NULL, last_date date NOT NULL, row_count bigint NOT NULL, fingerprint text NOT NULL,
       updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (snapshot_id, data_type, ts_code, freq))`,
    [],
    DOING,
  );
}
