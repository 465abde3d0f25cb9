/** The SELECT that makes canonical columns out of one file's relation, with the request pushed down. */
import { isoOf, type Day } from "#market/day";
import { unitNamed } from "#market/units";
import { sqlName, sqlText } from "../../duckdb/sql.ts";
import { DataError } from "../../errors.ts";
import { type BarColumnName, barColumnNames, type BarMapping } from "../../mapping/mapping.ts";
import { type DateColumn, dayExpression, minuteExpression } from "../date-expression.ts";
import { isNumericType, notANumberExpression, numberExpression } from "../numbers.ts";
import type { Relation } from "../relation.ts";

/** One delivered column: where it comes from and how its numbers become canonical. */
export interface DeliveredColumn {
  readonly name: string;
  readonly source: string;
  readonly type: string;
  /** Power of ten that the source's numbers are multiplied by. */
  readonly exponent: number;
  /** As the mapping spells it; absent when the values are taken as they are. */
  readonly unit?: string;
}

export interface BarSelection {
  readonly sql: string;
  readonly columns: readonly DeliveredColumn[];
  readonly hasCode: boolean;
  readonly hasMinute: boolean;
  /** Columns whose texts are checked, by the number that `bad` gives (1-based). */
  readonly checked: readonly DeliveredColumn[];
  readonly date: DateColumn;
}

export interface BarWindow {
  readonly start?: Day | undefined;
  readonly end?: Day | undefined;
  /** Codes as the source spells them. */
  readonly codes?: readonly string[];
}

/** Names of the helper columns; no source column is delivered under them. */
export const DAY = "__day";
export const CODE = "__code";
export const MINUTE = "__minute";
export const BAD = "__bad";

/** Throws DATA_COLUMN_MISSING when the mapping names a column that the file does not have. */
export function selectBars(
  relation: Relation,
  mapping: BarMapping,
  file: { readonly path: string; readonly window?: BarWindow },
): BarSelection {
  const types = new Map(relation.columns.map(({ name, type }) => [name, type]));
  const typeOf = (name: string, key: string): string => {
    const type = types.get(name);
    if (type !== undefined) return type;
    throw new DataError(
      "DATA_COLUMN_MISSING",
      `${file.path} has no column "${name}" (mapping key ${key}); it has ${[...types.keys()].join(", ")}`,
      {
        remedy: "correct the mapping, or take files of another shape out of the folder",
        place: { file: file.path, column: name },
      },
    );
  };
  const { missing } = mapping.reading;
  const date: DateColumn = {
    name: mapping.date.column,
    type: typeOf(mapping.date.column, "date"),
    format: mapping.date.format,
    timeZone: mapping.timeZone,
  };
  const columns = deliveredColumns(mapping, types, typeOf);
  const day = dayExpression(date);
  const select = [`${day} AS ${DAY}`];
  const hasCode = "column" in mapping.instrument;
  let code = "";
  if ("column" in mapping.instrument) {
    const { column } = mapping.instrument;
    const type = typeOf(column, "instrument");
    code = type === "VARCHAR" ? sqlName(column) : codeText(sqlName(column), type);
    select.push(`${code} AS ${CODE}`);
  }
  const { time } = mapping;
  if (time !== undefined && mapping.freq !== "day") {
    const column = { name: time.column, type: typeOf(time.column, "time"), format: time.format };
    select.push(`${minuteExpression(column, date)} AS ${MINUTE}`);
  }
  for (const column of columns) {
    select.push(
      `${numberExpression({ name: column.source, type: column.type }, missing)} AS ${sqlName(column.name)}`,
    );
  }
  const checked = columns.filter(({ type }) => !isNumericType(type));
  if (checked.length > 0) {
    const cases = checked.map(
      (column, index) =>
        `WHEN ${notANumberExpression({ name: column.source, type: column.type }, missing)!} THEN ${index + 1}`,
    );
    select.push(`CASE ${cases.join(" ")} ELSE 0 END AS ${BAD}`);
  }
  const where = conditions(day, code, file.window ?? {});
  return {
    sql: `SELECT ${select.join(", ")} FROM ${relation.sql}${where === "" ? "" : ` WHERE ${where}`}`,
    columns,
    hasCode,
    hasMinute: time !== undefined && mapping.freq !== "day",
    checked,
    date,
  };
}

function deliveredColumns(
  mapping: BarMapping,
  types: ReadonlyMap<string, string>,
  typeOf: (name: string, key: string) => string,
): DeliveredColumn[] {
  const columns: DeliveredColumn[] = [];
  const taken = new Set<string>([mapping.date.column]);
  if ("column" in mapping.instrument) taken.add(mapping.instrument.column);
  if (mapping.time !== undefined) taken.add(mapping.time.column);
  for (const name of barColumnNames) {
    const source = mapping.columns[name];
    if (source === undefined) continue;
    taken.add(source);
    columns.push({ name, source, type: typeOf(source, `columns.${name}`), ...unitOf(mapping, name) });
  }
  const others =
    mapping.keep === "none"
      ? []
      : mapping.keep === "all"
        ? [...types].filter(([name, type]) => !taken.has(name) && isNumericType(type)).map(([name]) => name)
        : mapping.keep;
  for (const source of others) {
    const unit = mapping.units.other?.[source];
    const plain = withoutPrefix(source, mapping.prefix);
    columns.push({
      name: (barColumnNames as readonly string[]).includes(plain) ? `source_${plain}` : plain,
      source,
      type: typeOf(source, "keep"),
      exponent: unit === undefined ? 0 : unitNamed(unit).exponent,
      ...(unit === undefined ? {} : { unit }),
    });
  }
  return columns;
}

/** `indiv_d_change` without `indiv_d_`; prefixes match in any case. */
export function withoutPrefix(name: string, prefix: string): string {
  const starts = prefix !== "" && name.toLowerCase().startsWith(prefix.toLowerCase());
  return starts && name.length > prefix.length ? name.slice(prefix.length) : name;
}

/** Unit of a bar column: its own key, or `price` for the prices. */
function unitOf(
  mapping: BarMapping,
  name: BarColumnName,
): { readonly exponent: number; readonly unit?: string } {
  if (name === "factor" || name === "status") return { exponent: 0 };
  const own = mapping.units[name];
  const isPrice = name !== "volume" && name !== "amount";
  const unit = own ?? (isPrice ? mapping.units.price : undefined);
  return unit === undefined ? { exponent: 0 } : { exponent: unitNamed(unit).exponent, unit };
}

/** Codes that were stored as numbers lost their leading zeros: six digits again. */
function codeText(name: string, type: string): string {
  return /^(FLOAT|DOUBLE|DECIMAL)/.test(type)
    ? `lpad(CAST(CAST(${name} AS BIGINT) AS VARCHAR), 6, '0')`
    : isNumericType(type)
      ? `lpad(CAST(${name} AS VARCHAR), 6, '0')`
      : `CAST(${name} AS VARCHAR)`;
}

/** Rows whose date cannot be read pass the filter: they are an error, not a row outside the window. */
function conditions(day: string, code: string, window: BarWindow): string {
  const parts: string[] = [];
  if (window.start !== undefined)
    parts.push(`(${day} >= DATE ${sqlText(isoOf(window.start))} OR ${day} IS NULL)`);
  if (window.end !== undefined)
    parts.push(`(${day} <= DATE ${sqlText(isoOf(window.end))} OR ${day} IS NULL)`);
  if (window.codes !== undefined && code !== "") {
    parts.push(window.codes.length === 0 ? "false" : `${code} IN (${window.codes.map(sqlText).join(", ")})`);
  }
  return parts.join(" AND ");
}
