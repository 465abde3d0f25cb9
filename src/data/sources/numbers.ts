/** SQL that reads numbers out of a column of any type and tells which texts are none. */
import { sqlName, sqlTextList } from "../duckdb/sql.ts";

export interface NumberColumn {
  readonly name: string;
  readonly type: string;
}

const NUMERIC = /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|U[A-Z]*INT|UINTEGER|FLOAT|DOUBLE|DECIMAL|BOOLEAN)/;

export function isNumericType(type: string): boolean {
  return NUMERIC.test(type);
}

/**
 * A DOUBLE; NULL for a missing value and for a text that is no number. Missing texts that look like numbers
 * (`-999`) are the only ones that have to be looked for.
 */
export function numberExpression(column: NumberColumn, missing: readonly string[]): string {
  const name = sqlName(column.name);
  if (column.type === "DOUBLE") return name;
  if (isNumericType(column.type)) return `CAST(${name} AS DOUBLE)`;
  const numeric = missing.filter((text) => text.trim() !== "" && !Number.isNaN(Number(text)));
  const value = `TRY_CAST(${name} AS DOUBLE)`;
  return numeric.length === 0
    ? value
    : `CASE WHEN list_contains(${sqlTextList(numeric)}, trim(${name})) THEN NULL ELSE ${value} END`;
}

/** Whether the value is a text that is neither missing nor a number; null when the type rules it out. */
export function notANumberExpression(column: NumberColumn, missing: readonly string[]): string | null {
  if (isNumericType(column.type)) return null;
  const name = sqlName(column.name);
  const known = sqlTextList(["", ...missing]);
  return `(TRY_CAST(${name} AS DOUBLE) IS NULL AND ${name} IS NOT NULL AND NOT list_contains(${known}, trim(${name})))`;
}
