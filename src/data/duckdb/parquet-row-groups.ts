/** Where the row groups of Parquet files lie, and what their footers say about the values inside. */
import type { Database } from "./database.ts";
import { sqlText } from "./sql.ts";

export interface RowGroup {
  readonly from: number;
  readonly bytes: number;
  /** Smallest and largest value as text, of the columns whose footer states both exactly. */
  readonly bounds: Readonly<Record<string, readonly [least: string, greatest: string]>>;
}

/** Row groups of a file in its order. Throws DuckDB's error for what is no readable Parquet file. */
export async function rowGroupsOf(database: Database, path: string): Promise<RowGroup[]> {
  // A chunk begins with its dictionary page, where it has one; some writers put 0 where they have none.
  const start = `CASE WHEN dictionary_page_offset > 0 THEN least(dictionary_page_offset, data_page_offset) ELSE data_page_offset END`;
  const exact = `coalesce(min_is_exact, true) AND coalesce(max_is_exact, true) AND stats_min_value IS NOT NULL AND stats_max_value IS NOT NULL`;
  const rows = await database.rows(
    `SELECT row_group_id AS "group", path_in_schema AS "column", (${start})::DOUBLE AS start,
       (${start} + total_compressed_size)::DOUBLE AS stop,
       CASE WHEN ${exact} THEN stats_min_value::VARCHAR END AS least,
       CASE WHEN ${exact} THEN stats_max_value::VARCHAR END AS greatest
     FROM parquet_metadata(${sqlText(path)}) ORDER BY row_group_id, column_id`,
  );
  return [...Map.groupBy(rows, (row) => Number(row["group"])).values()].map((chunks) => {
    const from = Math.min(...chunks.map((chunk) => Number(chunk["start"])));
    const to = Math.max(...chunks.map((chunk) => Number(chunk["stop"])));
    const bounds: Record<string, readonly [string, string]> = {};
    for (const { column, least, greatest } of chunks) {
      if (typeof column === "string" && typeof least === "string" && typeof greatest === "string")
        bounds[column] = [least, greatest];
    }
    return { from, bytes: to - from, bounds };
  });
}
