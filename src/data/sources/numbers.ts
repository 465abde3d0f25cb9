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

/** A DOUBLE; NULL for a missing value and for a text that is no number. */
export function numberExpression(column: NumberColumn, missing: readonly string[]): string {
  const name = sqlName(column.name);
  if (isNumericType(column.type)) return `CAST(${name} AS DOUBLE)`;
  return `TRY_CAST(CASE WHEN trim(${name}) IN (${list(missing)}) THEN NULL ELSE trim(${name}) END AS DOUBLE)`;
}

/** Whether the value is a text that is neither missing nor a number; null when the type rules it out. */
export function notANumberExpression(column: NumberColumn, missing: readonly string[]): string | null {
  if (isNumericType(column.type)) return null;
  const name = sqlName(column.name);
  return `(trim(${name}) <> '' AND trim(${name}) NOT IN (${list(missing)}) AND TRY_CAST(trim(${name}) AS DOUBLE) IS NULL)`;
}

function list(missing: readonly string[]): string {
  return sqlTextList(["", ...missing]).slice(1, -1);
}
