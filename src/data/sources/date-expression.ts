/** SQL that turns a source's date and time columns into a DATE and a minute of the day, exchange-local. */
import { sqlName, sqlText, sqlTextList } from "../duckdb/sql.ts";
import type { DateFormat, TimeFormat } from "../mapping/mapping.ts";

const patterns: Readonly<Partial<Record<DateFormat, string>>> = {
  "YYYY-MM-DD": "%Y-%m-%d",
  YYYYMMDD: "%Y%m%d",
  "YYYY/MM/DD": "%Y/%m/%d",
  "YYYY.MM.DD": "%Y.%m.%d",
  YYYY年MM月DD日: "%Y年%m月%d日",
  "MM/DD/YYYY": "%m/%d/%Y",
  "DD/MM/YYYY": "%d/%m/%Y",
  "YYYY-MM-DD HH:mm:ss": "%Y-%m-%d %H:%M:%S",
  "YYYYMMDD HH:mm": "%Y%m%d %H:%M",
};

/** What `auto` tries on text, in this order. */
const automatic = [
  "%Y-%m-%d",
  "%Y%m%d",
  "%Y/%m/%d",
  "%Y.%m.%d",
  "%Y-%m-%d %H:%M:%S",
  "%Y-%m-%d %H:%M",
  "%Y-%m-%dT%H:%M:%S",
  "%Y-%m-%dT%H:%M:%SZ",
  "%Y-%m-%dT%H:%M:%S%z",
  "%Y/%m/%d %H:%M:%S",
  "%Y/%m/%d %H:%M",
  "%Y-%m-%d %H:%M:%S.%g",
];

const epochs: Readonly<Partial<Record<DateFormat, readonly [multiply: number, divide: number]>>> = {
  "epoch-s": [1_000_000, 1],
  "epoch-ms": [1000, 1],
  "epoch-us": [1, 1],
  "epoch-ns": [1, 1000],
};

export interface DateColumn {
  readonly name: string;
  /** DuckDB's name of its type. */
  readonly type: string;
  readonly format: DateFormat;
  /** Zone whose calendar dates are wanted, for instants; UTC when absent. */
  readonly timeZone?: string | undefined;
}

/** A TIMESTAMP without zone, as the exchange's clock shows it. NULL where the value cannot be read. */
export function momentExpression(column: DateColumn): string {
  const name = sqlName(column.name);
  const { type, format } = column;
  const zone = sqlText(column.timeZone ?? "UTC");
  if (type === "DATE") return `${name}::TIMESTAMP`;
  if (type === "TIMESTAMP WITH TIME ZONE") return `timezone(${zone}, ${name})`;
  if (type.startsWith("TIMESTAMP")) return `${name}::TIMESTAMP`;
  const epoch = epochs[format];
  if (epoch !== undefined) {
    const micros = `(TRY_CAST(${name} AS BIGINT) * ${epoch[0]}) // ${epoch[1]}`;
    return `timezone(${zone}, timezone('UTC', make_timestamp(${micros})))`;
  }
  if (format === "excel-serial") {
    return `(DATE '1899-12-30' + floor(TRY_CAST(${name} AS DOUBLE))::INTEGER)::TIMESTAMP`;
  }
  const text = textExpression(name, type);
  const pattern = patterns[format];
  return pattern === undefined
    ? `try_strptime(${text}, ${sqlTextList(automatic)})`
    : `try_strptime(${text}, ${sqlText(pattern)})`;
}

/** A DATE; NULL where the value cannot be read. */
export function dayExpression(column: DateColumn): string {
  return column.type === "DATE" ? sqlName(column.name) : `CAST(${momentExpression(column)} AS DATE)`;
}

/** Whole numbers such as 20240131 as text; `20240131.0` of a float column too. */
function textExpression(name: string, type: string): string {
  if (type === "VARCHAR") return `trim(${name})`;
  return /^(FLOAT|DOUBLE|DECIMAL)/.test(type)
    ? `CAST(TRY_CAST(${name} AS BIGINT) AS VARCHAR)`
    : `CAST(${name} AS VARCHAR)`;
}

/** Minute of the day of a time column; NULL where the value cannot be read. */
export function minuteExpression(
  time: { readonly name: string; readonly type: string; readonly format: TimeFormat },
  date: DateColumn,
): string {
  const name = sqlName(time.name);
  switch (time.format) {
    case "in-date": {
      const moment = momentExpression({ ...date, name: time.name, type: time.type });
      return `CAST(hour(${moment}) * 60 + minute(${moment}) AS DOUBLE)`;
    }
    case "HH:mm":
    case "HH:mm:ss": {
      if (time.type === "TIME") return `CAST(hour(${name}) * 60 + minute(${name}) AS DOUBLE)`;
      const moment = `try_strptime(trim(CAST(${name} AS VARCHAR)), ['%H:%M', '%H:%M:%S', '%H:%M:%S.%g'])`;
      return `CAST(hour(${moment}) * 60 + minute(${moment}) AS DOUBLE)`;
    }
    default: {
      const digitsAfter = { HHmm: 1, HHmmss: 100, HHmmssSSS: 100_000 }[time.format];
      const clock = `(TRY_CAST(${name} AS BIGINT) // ${digitsAfter})`;
      return `CAST((${clock} // 100) * 60 + ${clock} % 100 AS DOUBLE)`;
    }
  }
}
