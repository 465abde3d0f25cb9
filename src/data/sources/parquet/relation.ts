/** Parquet files, read by DuckDB as they are. */
import { sqlText } from "../../duckdb/sql.ts";
import { asDataError } from "../../system-errors.ts";
import type { SourceFile } from "../locator.ts";
import type { Relation, RelationContext } from "../relation.ts";

export async function parquetRelation(file: SourceFile, { database }: RelationContext): Promise<Relation> {
  const sql = `read_parquet(${sqlText(file.path)})`;
  try {
    return { sql, columns: await database.describe(sql), firstLine: 1 };
  } catch (error) {
    throw asDataError(error, { file: file.path, doing: "read" });
  }
}
