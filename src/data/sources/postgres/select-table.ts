/**
 * The SELECT of a table's rows for COPY, which takes no values to bind: names are those of the catalogue, dates are
 * written by us, and codes are texts that the table itself gave.
 */
import { isoOf, type Day } from "#market/day";
import type { TableColumn } from "./catalogue.ts";
import { columnOf } from "./catalogue.ts";
import { sqlColumn, sqlLiteral, sqlTable, textOfTable } from "./identifier.ts";
import type { RowQuery } from "./copy-out.ts";
import type { WireColumn, WireKind } from "./row-decoder.ts";
import type { KeyColumns, ResolvedTable, TableField, TablePart } from "./table-mapping.ts";

/** Names of the key columns in a batch; no field has such a one. */
export const DAY = "__day";
export const CODE = "__code";
export const INSTANT = "__instant";
export const TIME = "__time";

export interface RowWindow {
  readonly start?: Day | undefined;
  readonly end?: Day | undefined;
  /** Codes as the table spells them. */
  readonly codes?: readonly string[] | undefined;
}

const alias: Readonly<Record<TablePart, string>> = { bars: "b", adjustment: "a", factors: "f" };

/** Rows of the fields, in the order of (day, time, code) when asked for. */
export function selectRows(
  table: ResolvedTable,
  request: { readonly fields: readonly TableField[]; readonly window: RowWindow; readonly ordered: boolean },
): RowQuery {
  const { bars, timeZone } = table;
  const date = columnOf(bars.table, bars.date);
  const code = columnOf(bars.table, bars.instrument);
  const day = dayExpression("b", date, timeZone);
  const columns: WireColumn[] = [
    { name: DAY, kind: "date" },
    { name: CODE, kind: code.type === "bpchar" ? "bpchar" : "text" },
  ];
  const select = [
    day,
    code.type === "name" ? `b.${sqlColumn(code.name)}::text` : `b.${sqlColumn(code.name)}`,
  ];
  const order = [date.type === "date" ? `b.${sqlColumn(date.name)}` : day];
  if (table.freq !== "day") {
    const [expression, column] = timeExpression(table, date);
    select.push(expression);
    columns.push(column);
    order.push(expression);
  }
  order.push(`b.${sqlColumn(code.name)} COLLATE "C"`);
  for (const field of request.fields) {
    select.push(`${alias[field.part]}.${sqlColumn(field.column)}`);
    columns.push({ name: field.name, kind: field.kind });
  }
  const parts = new Set(request.fields.map(({ part }) => part));
  const joins = table.joined.filter(({ part }) => parts.has(part)).map((joined) => joinOf(table, joined));
  const where = conditions(table, { date, code, window: request.window });
  return {
    sql: [
      `SELECT ${select.join(", ")} FROM ${sqlTable(bars.table.name)} b`,
      ...joins,
      ...(where.length === 0 ? [] : [`WHERE ${where.join(" AND ")}`]),
      ...(request.ordered ? [`ORDER BY ${order.join(", ")}`] : []),
    ].join(" "),
    columns,
    doing: `reading ${textOfTable(bars.table.name)}`,
  };
}

/** How many rows of the bars there are in a window, up to a number of them, and how many of these a joined table has. */
export function countJoined(
  table: ResolvedTable,
  joined: ResolvedTable["joined"][number],
  { window, most }: { readonly window: RowWindow; readonly most: number },
): string {
  const { bars, timeZone } = table;
  const other = alias[joined.part];
  const keys = `b.${sqlColumn(bars.instrument)}, b.${sqlColumn(bars.date)}`;
  const sample =
    `SELECT ${keys} FROM ${sqlTable(bars.table.name)} b ` +
    `WHERE ${windowOf(bars, window, { prefix: "b", timeZone }).join(" AND ")} LIMIT ${most}`;
  // The window on both sides lets an index on the joined table's dates serve.
  const near = windowOf(joined, window, { prefix: other, timeZone });
  return (
    `SELECT count(*)::float8 AS rows, count(${other}.${sqlColumn(joined.instrument)})::float8 AS matched ` +
    `FROM (${sample}) b ${[joinOf(table, joined), ...near].join(" AND ")}`
  );
}

/** The exchange's day of a row. A moment is one in the exchange's time zone; texts and whole numbers are read as ISO dates. */
export function dayExpression(prefix: string, { name, type }: TableColumn, timeZone: string): string {
  const column = `${prefix}.${sqlColumn(name)}`;
  switch (type) {
    case "date":
      return column;
    case "timestamptz":
      return `(${column} AT TIME ZONE ${sqlLiteral(timeZone)})::date`;
    case "int4":
    case "int8":
      return `(${column}::text)::date`;
    default:
      return `${column}::date`;
  }
}

/** `WHERE` terms for a window over one table's own key columns. */
export function windowOf(
  keys: KeyColumns,
  window: RowWindow,
  options: { readonly prefix: string; readonly timeZone: string },
): string[] {
  const { prefix, timeZone } = options;
  const date = columnOf(keys.table, keys.date);
  const code = columnOf(keys.table, keys.instrument);
  return [
    ...dateConditions(`${prefix}.${sqlColumn(date.name)}`, date.type, {
      window,
      timeZone,
      day: dayExpression(prefix, date, timeZone),
    }),
    ...(window.codes === undefined
      ? []
      : [codeCondition(`${prefix}.${sqlColumn(code.name)}`, code.type, window.codes)]),
  ];
}

function timeExpression({ bars, timeZone }: ResolvedTable, date: TableColumn): [string, WireColumn] {
  const column = bars.time === null ? date : columnOf(bars.table, bars.time);
  const name = `b.${sqlColumn(column.name)}`;
  if (column.type === "timestamptz") {
    return [`(${name} AT TIME ZONE ${sqlLiteral(timeZone)})`, { name: INSTANT, kind: "timestamp" }];
  }
  if (column.type === "timestamp") return [name, { name: INSTANT, kind: "timestamp" }];
  const kind: WireKind = "time";
  return [column.type === "time" ? name : `${name}::time`, { name: TIME, kind }];
}

/** By code as it is spelled, and by day; minute bars and moments of the same type by moment. */
function joinOf({ bars, timeZone, freq }: ResolvedTable, joined: ResolvedTable["joined"][number]): string {
  const other = alias[joined.part];
  const [date, otherDate] = [columnOf(bars.table, bars.date), columnOf(joined.table, joined.date)];
  // A day has one row but any time of day, and a text any form: 2023-06-01 and 20230601 are one.
  const isComparable = date.type === "date" || (freq !== "day" && date.type.startsWith("timestamp"));
  const same =
    date.type === otherDate.type && isComparable
      ? `${other}.${sqlColumn(otherDate.name)} = b.${sqlColumn(date.name)}`
      : `${dayExpression(other, otherDate, timeZone)} = ${dayExpression("b", date, timeZone)}`;
  return (
    `LEFT JOIN ${sqlTable(joined.table.name)} ${other} ON ` +
    `${other}.${sqlColumn(joined.instrument)} = b.${sqlColumn(bars.instrument)} AND ${same}`
  );
}

function conditions(
  { bars, timeZone }: ResolvedTable,
  { window }: { readonly date: TableColumn; readonly code: TableColumn; readonly window: RowWindow },
): string[] {
  return windowOf(bars, window, { prefix: "b", timeZone });
}

/** The column itself is compared where it can be, so that an index on it serves. */
function dateConditions(
  column: string,
  type: string,
  { window, timeZone, day }: { readonly window: RowWindow; readonly timeZone: string; readonly day: string },
): string[] {
  const { start, end } = window;
  const bound = (at: Day): string => {
    const text = sqlLiteral(isoOf(at));
    if (type === "timestamp") return `TIMESTAMP ${text}`;
    if (type === "timestamptz") return `(TIMESTAMP ${text} AT TIME ZONE ${sqlLiteral(timeZone)})`;
    return `DATE ${text}`;
  };
  const isMoment = type === "timestamp" || type === "timestamptz";
  const compared = isMoment || type === "date" ? column : day;
  return [
    ...(start === undefined ? [] : [`${compared} >= ${bound(start)}`]),
    ...(end === undefined
      ? []
      : [isMoment ? `${compared} < ${bound(end + 1)}` : `${compared} <= ${bound(end)}`]),
  ];
}

function codeCondition(column: string, type: string, codes: readonly string[]): string {
  if (codes.length === 0) return "false";
  return `${column} = ANY (ARRAY[${codes.map(sqlLiteral).join(", ")}]::${type === "bpchar" ? "bpchar" : "text"}[])`;
}
