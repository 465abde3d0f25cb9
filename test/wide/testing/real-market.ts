/** Parts of the real market that the tests of precomputation work with, as Parquet files. */
import { Database } from "../../../src/data/duckdb/database.ts";
import { sqlText } from "../../../src/data/duckdb/sql.ts";
import { isoOf } from "../../../src/market/day.ts";
import { sharedData } from "../../golden/shared-data.ts";

/** Rows of a part of the market, and what is done to them. */
export interface MarketPart {
  readonly codes: readonly string[];
  /** First and last day, ISO; all unless told. */
  readonly from?: string;
  readonly to?: string;
  /** SQL of columns that come out otherwise: `{ close: "close * 1.01" }`. */
  readonly changed?: Readonly<Record<string, string>>;
}

const source = (): string =>
  `read_parquet(${sqlText(sharedData("reference", "csi300-daily-2020-2025.parquet"))})`;

/** Stocks in the order of their codes that traded over the whole span of the file. */
export async function wholeStocks(count: number): Promise<string[]> {
  using database = await Database.open();
  const rows = await database.rows(
    `SELECT ts_code FROM ${source()} GROUP BY 1
     HAVING count(*) = (SELECT count(DISTINCT trade_date) FROM ${source()}) ORDER BY 1 LIMIT ${count}`,
  );
  return rows.map((row) => String(row["ts_code"]));
}

/** Every stock, also those that were listed later. */
export async function allStocks(): Promise<string[]> {
  using database = await Database.open();
  const rows = await database.rows(`SELECT DISTINCT ts_code FROM ${source()} ORDER BY 1`);
  return rows.map((row) => String(row["ts_code"]));
}

/** The sessions of the file, ISO. */
export async function sessions(): Promise<string[]> {
  using database = await Database.open();
  const rows = await database.rows(`SELECT DISTINCT trade_date AS day FROM ${source()} ORDER BY 1`);
  return rows.map((row) => isoOf(Number(row["day"])));
}

/** Writes rows of the real market, the later parts' in place of the earlier ones'. */
export async function writeMarket(file: string, parts: readonly MarketPart[]): Promise<void> {
  using database = await Database.open();
  const rows = parts.map(({ codes, from, to, changed = {} }, index) => {
    const replaced = Object.entries(changed).map(([column, sql]) => `${sql} AS ${column}`);
    const columns = replaced.length === 0 ? "*" : `* REPLACE (${replaced.join(", ")})`;
    const wanted = [`ts_code IN (${codes.map(sqlText).join(", ")})`];
    if (from !== undefined) wanted.push(`trade_date >= DATE ${sqlText(from)}`);
    if (to !== undefined) wanted.push(`trade_date <= DATE ${sqlText(to)}`);
    return `SELECT ${columns}, ${index} AS part FROM ${source()} WHERE ${wanted.join(" AND ")}`;
  });
  await database.run(
    `COPY (SELECT * EXCLUDE (part) FROM (${rows.join(" UNION ALL ")})
       QUALIFY row_number() OVER (PARTITION BY ts_code, trade_date ORDER BY part DESC) = 1
       ORDER BY ts_code, trade_date) TO ${sqlText(file)} (FORMAT parquet)`,
  );
}
