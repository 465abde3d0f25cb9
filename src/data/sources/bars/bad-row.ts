/** Finds the first row that cannot be read and says where it is: the slow path that only errors take. */
import type { Database } from "../../duckdb/database.ts";
import { sqlName } from "../../duckdb/sql.ts";
import { DataError } from "../../errors.ts";
import { dayExpression } from "../date-expression.ts";
import { notANumberExpression } from "../numbers.ts";
import type { Relation } from "../relation.ts";
import type { BarSelection, DeliveredColumn } from "./select-bars.ts";

interface Where {
  readonly database: Database;
  readonly relation: Relation;
  /** File, and entry of an archive, as shown. */
  readonly place: string;
}

export async function badDate(where: Where, selection: BarSelection): Promise<DataError> {
  const { name, format } = selection.date;
  const found = await firstRow(where, sqlName(name), `${dayExpression(selection.date)} IS NULL`);
  const what =
    found.value === null
      ? "has no date"
      : `has the date "${found.value}", which cannot be read as ${format === "auto" ? "a date" : format}`;
  return new DataError(
    "DATA_DATE_INVALID",
    `${where.place}: row ${found.row}${lineOf(where, found.row)} ${what} (column ${name})`,
    {
      remedy: "correct the row, or state date.format in a mapping file",
      place: { file: where.place, row: found.row, column: name },
    },
  );
}

export async function badNumber(
  where: Where,
  column: DeliveredColumn,
  missing: readonly string[],
): Promise<DataError> {
  const condition = notANumberExpression({ name: column.source, type: column.type }, missing);
  const found = await firstRow(where, sqlName(column.source), condition ?? "false");
  return new DataError(
    "DATA_VALUE_INVALID",
    `${where.place}: row ${found.row}${lineOf(where, found.row)} has "${found.value ?? ""}" in column ${column.source}, which is no number`,
    {
      remedy:
        "correct the row, or list the text under reading.missing in a mapping file if it stands for no value",
      place: { file: where.place, row: found.row, column: column.source },
    },
  );
}

async function firstRow(
  { database, relation }: Where,
  value: string,
  condition: string,
): Promise<{ readonly row: number; readonly value: string | null }> {
  const rows = await database.rows(
    `SELECT n, CAST(${value} AS VARCHAR) AS v FROM (SELECT row_number() OVER () AS n, * FROM ${relation.sql}) WHERE ${condition} ORDER BY n LIMIT 1`,
  );
  const row = rows[0];
  return {
    row: Number(row?.["n"] ?? 0),
    value: row?.["v"] === null || row === undefined ? null : String(row["v"]),
  };
}

function lineOf({ relation }: Where, row: number): string {
  return relation.firstLine > 1 ? ` (line ${row + relation.firstLine - 1})` : "";
}
