/** What the server's catalogue says of tables. Names are bound, never interpolated. */
import { DataError } from "../../errors.ts";
import { isPlainName, sqlTable, type TableName, textOfTable } from "./identifier.ts";
import type { PostgresSession } from "./session.ts";

export interface TableColumn {
  readonly name: string;
  /** PostgreSQL's internal name: `int4 float8 numeric date timestamptz bpchar`. */
  readonly type: string;
  readonly notNull: boolean;
}

export interface CatalogueTable {
  readonly name: TableName;
  readonly kind: "table" | "view" | "foreign table";
  readonly columns: readonly TableColumn[];
  /** Columns whose names are no plain identifiers: they are not read. */
  readonly refused: readonly string[];
  readonly primaryKey: readonly string[];
  /** The planner's estimate; negative when the table was never analysed. */
  readonly estimatedRows: number;
}

/**
 * A table with its columns. Throws SOURCE_TABLE_MISSING with the tables there are, SOURCE_NOT_PERMITTED when the user may
 * not read it.
 */
export async function tableOf(session: PostgresSession, name: TableName): Promise<CatalogueTable> {
  const [found] = await session.query(
    `SELECT c.oid::text AS oid, c.relkind::text AS kind, c.reltuples::float8 AS rows,
       has_schema_privilege(n.oid, 'USAGE') AS usable
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`,
    [name.schema, name.table],
  );
  if (found === undefined) throw await missing(session, name);
  const { oid } = found;
  const [right] = await session.query(
    `SELECT $2::bool AND (has_table_privilege($1::oid, 'SELECT') OR has_any_column_privilege($1::oid, 'SELECT')) AS may`,
    [oid, found["usable"]],
  );
  if (right?.["may"] !== true) throw forbidden(session, name);
  const all = await session.query(
    `SELECT a.attname AS name, CASE WHEN t.typtype = 'd' THEN b.typname ELSE t.typname END AS type, a.attnotnull AS "notNull",
       has_column_privilege($1::oid, a.attnum, 'SELECT') AS may
     FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
       LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
     WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [oid],
  );
  const key = await session.query(
    `SELECT a.attname AS name FROM pg_catalog.pg_index i, unnest(i.indkey) WITH ORDINALITY AS k(attnum, at)
       JOIN pg_catalog.pg_attribute a ON a.attnum = k.attnum
     WHERE i.indrelid = $1::oid AND i.indisprimary AND a.attrelid = $1::oid ORDER BY k.at`,
    [oid],
  );
  const columns = all.filter(({ may }) => may === true);
  return {
    name,
    kind:
      found["kind"] === "v" || found["kind"] === "m"
        ? "view"
        : found["kind"] === "f"
          ? "foreign table"
          : "table",
    columns: columns
      .filter((column) => isPlainName(String(column["name"])))
      .map((column) => ({
        name: String(column["name"]),
        type: String(column["type"]),
        notNull: column["notNull"] === true,
      })),
    refused: columns.map((column) => String(column["name"])).filter((column) => !isPlainName(column)),
    primaryKey: key.map((column) => String(column["name"])),
    estimatedRows: Number(found["rows"]),
  };
}

/** Whether the catalogue has this table. */
export async function hasTable(session: PostgresSession, { schema, table }: TableName): Promise<boolean> {
  const rows = await session.query(
    `SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`,
    [schema, table],
  );
  return rows.length > 0;
}

/** Tables of people, not of the server: `schema.table`, with the planner's estimate of their rows. */
export async function tablesOf(
  session: PostgresSession,
): Promise<readonly { readonly name: string; readonly estimatedRows: number }[]> {
  const rows = await session.query(
    `SELECT n.nspname AS schema, c.relname AS table, c.reltuples::float8 AS rows
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema$|_timescaledb)'
     ORDER BY 1, 2 LIMIT 1000`,
  );
  return rows.map((row) => ({
    name: `${String(row["schema"])}.${String(row["table"])}`,
    estimatedRows: Number(row["rows"]),
  }));
}

/** Rows counted, not estimated. */
export async function countRows(session: PostgresSession, name: TableName): Promise<number> {
  const [row] = await session.query(`SELECT count(*)::float8 AS rows FROM ${sqlTable(name)}`);
  return Number(row!["rows"]);
}

/** A column of the table. Throws SOURCE_COLUMN_MISSING with those there are. */
export function columnOf(table: CatalogueTable, name: string): TableColumn {
  const found = table.columns.find((column) => column.name === name);
  if (found !== undefined) return found;
  const text = textOfTable(table.name);
  throw new DataError(
    "SOURCE_COLUMN_MISSING",
    `${text} has no column "${name}"; it has ${table.columns.map((column) => column.name).join(", ")}`,
    { remedy: "correct the mapping, or grant the right to the column", place: { file: text, column: name } },
  );
}

async function missing(session: PostgresSession, name: TableName): Promise<DataError> {
  const text = textOfTable(name);
  const known = (await tablesOf(session)).map((table) => table.name);
  const shown = known.slice(0, 20).join(", ") + (known.length > 20 ? ", …" : "");
  return new DataError(
    "SOURCE_TABLE_MISSING",
    `${session.place} has no table ${text}; it has ${shown === "" ? "none" : shown}`,
    { remedy: "correct the name, schema.table; `alphaloom source test` lists them", place: { file: text } },
  );
}

function forbidden(session: PostgresSession, name: TableName): DataError {
  const text = textOfTable(name);
  return new DataError("SOURCE_NOT_PERMITTED", `${session.place}: the user may not read ${text}`, {
    remedy: `grant it: GRANT USAGE ON SCHEMA ${name.schema} TO …; GRANT SELECT ON ${text} TO …`,
    place: { file: text },
  });
}
