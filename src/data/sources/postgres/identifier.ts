/**
 * Names of tables and columns. Only plain lower-case identifiers are accepted, whatever the catalogue holds: a name with
 * other characters is refused although PostgreSQL would allow it quoted. What is accepted is quoted all the same.
 */
import { DataError } from "../../errors.ts";

const PART = /^[a-z_][a-z0-9_]{0,62}$/;

/** A table as it is spelled: `market.kline_daily_raw`. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** Reads `SCHEMA.TABLE` or `TABLE` (of the schema `public`). Throws SOURCE_NAME_INVALID. */
export function tableNamed(text: string): TableName {
  const parts = text.split(".");
  if (parts.length > 2 || !parts.every((part) => PART.test(part))) throw invalid("table", text);
  const [first, second] = parts as [string, string?];
  return second === undefined ? { schema: "public", table: first } : { schema: first, table: second };
}

/** The column's name, when it is a plain identifier. Throws SOURCE_NAME_INVALID. */
export function columnNamed(text: string): string {
  if (!PART.test(text)) throw invalid("column", text);
  return text;
}

export function isPlainName(text: string): boolean {
  return PART.test(text);
}

/** `market.kline_daily_raw`, for people. */
export function textOfTable({ schema, table }: TableName): string {
  return `${schema}.${table}`;
}

/** `"market"."kline_daily_raw"`, for SQL. */
export function sqlTable({ schema, table }: TableName): string {
  return `${sqlColumn(schema)}.${sqlColumn(table)}`;
}

/** `"close_li"`, for SQL. Throws SOURCE_NAME_INVALID: nothing is quoted that was not checked. */
export function sqlColumn(name: string): string {
  return `"${columnNamed(name)}"`;
}

/** A text constant for SQL. */
export function sqlLiteral(text: string): string {
  if (text.includes("\0")) throw invalid("value", text);
  const doubled = text.replaceAll("'", "''");
  return text.includes("\\") ? ` E'${doubled.replaceAll("\\", "\\\\")}'` : `'${doubled}'`;
}

function invalid(what: string, text: string): DataError {
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
  return new DataError("SOURCE_NAME_INVALID", `${shown} is not accepted as the name of a ${what}`, {
    remedy:
      "name it with lower-case letters, digits and underscores, as schema.table; a table with another name needs a view with such a one",
  });
}
