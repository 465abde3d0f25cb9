/** Tables of the demonstration, in the types that users have them, and how one is replaced. */
import { DataError } from "../../errors.ts";
import { copyIn, type WrittenColumn, type WrittenRows } from "./copy-in.ts";
import { sqlColumn, sqlLiteral, sqlTable, type TableName, textOfTable } from "./identifier.ts";
import type { PostgresSession } from "./session.ts";

interface MarketColumn extends WrittenColumn {
  readonly sql: string;
}

const code: MarketColumn = { name: "ts_code", kind: "text", sql: "char(9) NOT NULL" };
const day: MarketColumn = { name: "trade_date", kind: "date", sql: "date NOT NULL" };

function numbers(sql: "double precision" | "integer" | "bigint", names: readonly string[]): MarketColumn[] {
  const kind = ({ "double precision": "float8", integer: "int4", bigint: "int8" } as const)[sql];
  return names.map((name) => ({ name, kind, sql }));
}

const tables: Readonly<Record<string, readonly MarketColumn[]>> = {
  kline_daily_raw: [
    code,
    day,
    ...numbers("double precision", ["open", "high", "low", "close", "volume", "amount"]),
  ],
  adj_factor: [code, day, ...numbers("double precision", ["adj_factor"])],
  kline_daily_qfq: [
    code,
    day,
    ...numbers("integer", ["open_li", "high_li", "low_li", "close_li"]),
    ...numbers("bigint", ["volume_hand", "amount_li"]),
  ],
  factor_daily: [code, day, ...numbers("double precision", ["momentum_20d", "label_ret_1d"])],
};

/** The columns of a table of the demonstration. */
export function marketTable(name: string): { readonly columns: readonly MarketColumn[] } {
  const columns = tables[name];
  if (columns === undefined) throw new TypeError(`no table ${name} in the demonstration`);
  return { columns };
}

/** What a table of the demonstration carries as its comment: others are never touched. */
const MARK = "Demonstration of alphaloom (source demo-load): its rows are replaced when it is loaded again.";

export interface FilledRows {
  readonly table: TableName;
  readonly columns: readonly MarketColumn[];
  readonly batches: Iterable<WrittenRows>;
}

/**
 * Makes the schema and the tables where they are missing and puts these rows in place of all others, in one transaction.
 * Throws SOURCE_TABLE_TAKEN, with nothing changed, when one of the tables was made by somebody else.
 */
export async function replaceTables(session: PostgresSession, tables: readonly FilledRows[]): Promise<void> {
  await session.query("BEGIN", [], "filling tables");
  try {
    for (const filled of tables) await makeTable(session, filled);
    for (const { table, ...input } of tables) {
      await session.query(`TRUNCATE ${sqlTable(table)}`, [], `filling ${textOfTable(table)}`);
      await copyIn(session, table, input);
    }
    await session.query("COMMIT", [], "filling tables");
  } catch (error) {
    await session.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

async function makeTable(session: PostgresSession, { table, columns }: FilledRows): Promise<void> {
  const doing = `filling ${textOfTable(table)}`;
  if (await isOurs(session, table, columns)) return;
  const [schema] = await session.query("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", [
    table.schema,
  ]);
  if (schema === undefined) await session.query(`CREATE SCHEMA ${sqlColumn(table.schema)}`, [], doing);
  const list = columns.map(({ name, sql }) => `${sqlColumn(name)} ${sql}`).join(", ");
  await session.query(
    `CREATE TABLE ${sqlTable(table)} (${list}, PRIMARY KEY (ts_code, trade_date))`,
    [],
    doing,
  );
  await session.query(`COMMENT ON TABLE ${sqlTable(table)} IS ${sqlLiteral(MARK)}`, [], doing);
}

/** Whether the table is there as the demonstration made it; false when there is none. Throws SOURCE_TABLE_TAKEN. */
async function isOurs(
  session: PostgresSession,
  table: TableName,
  columns: readonly MarketColumn[],
): Promise<boolean> {
  const [found] = await session.query(
    `SELECT obj_description(c.oid, 'pg_class') AS mark,
       (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2`,
    [table.schema, table.table],
  );
  if (found === undefined) return false;
  const text = textOfTable(table);
  const wanted = columns.map(({ name, sql }) => `${name} ${typeOf(sql)}`).join(", ");
  const isMarked = found["mark"] === MARK;
  if (isMarked && found["columns"] === wanted) return true;
  throw new DataError(
    "SOURCE_TABLE_TAKEN",
    isMarked
      ? `${text} is a table of the demonstration whose columns were changed since`
      : `${text} is there already and is no table of the demonstration: nothing was replaced`,
    {
      remedy: "load the demonstration into a schema of its own (--schema demo), or drop the table yourself",
      place: { file: text },
    },
  );
}

/** As the catalogue spells a type. */
function typeOf(sql: string): string {
  return sql.replace(" NOT NULL", "").replace(/^char\(/, "character(");
}
