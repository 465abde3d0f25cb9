/** Where the row groups of Parquet files lie, and what their footers say about the values inside. */
import type { Cell, Database } from "./database.ts";
import { sqlTextList } from "./sql.ts";

export interface RowGroup {
  readonly from: number;
  readonly bytes: number;
  /** Smallest and largest value as text, of the columns whose footer states both exactly. */
  readonly bounds: Readonly<Record<string, readonly [least: string, greatest: string]>>;
}

/**
 * Row groups of each file, in its order; opening many at once costs a tenth of opening each. A file that is no readable
 * Parquet, or whose name DuckDB takes for a pattern, is not among the answers. Throws what is no fault of a file.
 */
export async function rowGroupsOf(
  database: Database,
  paths: readonly string[],
): Promise<ReadonlyMap<string, readonly RowGroup[]>> {
  const found = new Map<string, readonly RowGroup[]>();
  for (let at = 0; at < paths.length; at += FILES_AT_ONCE) {
    const some = paths.slice(at, at + FILES_AT_ONCE);
    const together = await readable(database, some);
    if (together !== null) for (const [path, groups] of together) found.set(path, groups);
    // One bad file fails the statement for all of them.
    else if (some.length > 1)
      for (const path of some)
        for (const [own, groups] of await rowGroupsOf(database, [path])) found.set(own, groups);
  }
  return found;
}

const FILES_AT_ONCE = 256;

async function readable(
  database: Database,
  paths: readonly string[],
): Promise<ReadonlyMap<string, readonly RowGroup[]> | null> {
  // A chunk begins with its dictionary page, where it has one; some writers put 0 where they have none.
  const start = `CASE WHEN dictionary_page_offset > 0 THEN least(dictionary_page_offset, data_page_offset) ELSE data_page_offset END`;
  const exact = `coalesce(min_is_exact, true) AND coalesce(max_is_exact, true) AND stats_min_value IS NOT NULL AND stats_max_value IS NOT NULL`;
  let rows: Record<string, Cell>[];
  try {
    rows = await database.rows(
      `SELECT file_name AS file, row_group_id AS "group", path_in_schema AS "column", (${start})::DOUBLE AS start,
         (${start} + total_compressed_size)::DOUBLE AS stop,
         CASE WHEN ${exact} THEN stats_min_value::VARCHAR END AS least,
         CASE WHEN ${exact} THEN stats_max_value::VARCHAR END AS greatest
       FROM parquet_metadata(${sqlTextList(paths)}) ORDER BY file_name, row_group_id, column_id`,
    );
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError)
      throw error;
    return null;
  }
  return new Map(
    [...Map.groupBy(rows, (row) => String(row["file"]))].map(([file, chunks]) => [
      file,
      [...Map.groupBy(chunks, (chunk) => Number(chunk["group"])).values()].map(groupOf),
    ]),
  );
}

function groupOf(chunks: readonly Record<string, Cell>[]): RowGroup {
  const from = Math.min(...chunks.map((chunk) => Number(chunk["start"])));
  const to = Math.max(...chunks.map((chunk) => Number(chunk["stop"])));
  const bounds: Record<string, readonly [string, string]> = {};
  for (const { column, least, greatest } of chunks) {
    if (typeof column === "string" && typeof least === "string" && typeof greatest === "string")
      bounds[column] = [least, greatest];
  }
  return { from, bytes: to - from, bounds };
}
