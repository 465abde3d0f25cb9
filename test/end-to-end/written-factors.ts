/** A Parquet file of factors read back by DuckDB, row by row as it lies there. */
import { daysOf, numbersOf, textsOf } from "../../src/data/duckdb/columns.ts";
import { Database } from "../../src/data/duckdb/database.ts";
import { sqlText } from "../../src/data/duckdb/sql.ts";

export interface WrittenFactors {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly instruments: readonly string[];
  readonly days: Int32Array;
  readonly values: ReadonlyMap<string, Float64Array>;
}

export async function readFactors(file: string): Promise<WrittenFactors> {
  using database = await Database.open();
  const columns = await database.describe(sqlText(file));
  const instruments: string[] = [];
  const days: number[] = [];
  const values = new Map(columns.slice(2).map(({ name }) => [name, [] as number[]]));
  for await (const batch of database.query(`FROM ${sqlText(file)}`)) {
    const { codes: texts, dictionary } = textsOf(batch, "instrument");
    for (const code of texts) instruments.push(dictionary[code]!);
    for (const day of daysOf(batch, "datetime")) days.push(day);
    for (const [name, list] of values) for (const value of numbersOf(batch, name)) list.push(value);
  }
  return {
    columns,
    instruments,
    days: Int32Array.from(days),
    values: new Map([...values].map(([name, list]) => [name, Float64Array.from(list)])),
  };
}
