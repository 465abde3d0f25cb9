/** Tables of the demonstration, in the types that users have them, and how one is replaced. */
import { copyIn, type WrittenColumn, type WrittenRows } from "./copy-in.ts";
import { sqlColumn, sqlTable, type TableName, textOfTable } from "./identifier.ts";
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

/** Makes the schema and the table where they are missing and puts these rows in place of all others, in one transaction. */
export async function replaceTable(
  session: PostgresSession,
  table: TableName,
  input: { readonly columns: readonly MarketColumn[]; readonly batches: Iterable<WrittenRows> },
): Promise<void> {
  const doing = `filling ${textOfTable(table)}`;
  await session.query("BEGIN", [], doing);
  try {
    await session.query(`CREATE SCHEMA IF NOT EXISTS ${sqlColumn(table.schema)}`, [], doing);
    const columns = input.columns.map(({ name, sql }) => `${sqlColumn(name)} ${sql}`).join(", ");
    await session.query(
      `CREATE TABLE IF NOT EXISTS ${sqlTable(table)} (${columns}, PRIMARY KEY (ts_code, trade_date))`,
      [],
      doing,
    );
    await session.query(`TRUNCATE ${sqlTable(table)}`, [], doing);
    await copyIn(session, table, input);
    await session.query("COMMIT", [], doing);
  } catch (error) {
    await session.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}
