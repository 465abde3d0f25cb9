/**
 * Factors of a Parquet file as pandas writes a frame with an index of days and instruments: the levels are columns, and
 * a column of two levels is named by the text of its tuple, `('feature', 'MOM20')`.
 */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { daysOf, numbersOf, textsOf } from "#data/duckdb/columns";
import { Database } from "#data/duckdb/database";
import { sqlName, sqlText } from "#data/duckdb/sql";
import { DataError } from "#data/errors";
import { asDataError } from "#data/system-errors";
import type { FactorColumn, FactorFile, FactorRows } from "./factor-file.ts";

interface ParquetColumn {
  readonly name: string;
  readonly type: string;
}

/** Names of the levels, likeliest first; pandas calls a level without a name by its number. */
const dayNames = ["datetime", "date", "trade_date", "day", "time", "__index_level_0__", "__index_level_1__"];
const codeNames = [
  "instrument",
  "ts_code",
  "code",
  "symbol",
  "stock",
  "__index_level_1__",
  "__index_level_0__",
];
const numberType = /^(FLOAT|DOUBLE|REAL|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL.*|BOOLEAN)$/;

export async function openParquetFactors(path: string): Promise<FactorFile> {
  if (!existsSync(path))
    throw new DataError("DATA_FILE_MISSING", `${path} does not exist`, {
      remedy: "check the path; it is relative to the current folder",
      place: { file: path },
    });
  const database = await Database.open();
  const relation = `read_parquet(${sqlText(path)})`;
  try {
    const all = await database.describe(relation);
    const day = levelOf(path, all, { names: dayNames, type: /^(DATE|TIMESTAMP)/, what: "dates" });
    const code = levelOf(path, all, { names: codeNames, type: /^(VARCHAR|ENUM)/, what: "instrument codes" });
    const factors = all.filter((column) => column !== day && column !== code);
    const odd = factors.find(({ type }) => !numberType.test(type));
    if (odd !== undefined)
      throw new DataError(
        "DATA_VALUE_INVALID",
        `${path}: the column ${odd.name} holds ${odd.type}, not numbers`,
        {
          remedy: "write factors as numbers, and one column of dates and one of codes beside them",
          place: { file: path, column: odd.name },
        },
      );
    const named = new Map(factors.map((column) => [factorName(column.name), column]));
    const facts = await factsOf(database, { path, relation, day: sqlName(day.name) });
    return {
      name: basename(path),
      columns: factors.map(({ name, type }): FactorColumn => ({
        name: factorName(name),
        dtype: type === "FLOAT" ? "f32" : "f64",
      })),
      ...facts,
      read: (columns, signal) => {
        const chosen = columns.map(
          (name, at) => `CAST(${sqlName(named.get(name)!.name)} AS DOUBLE) AS v${at}`,
        );
        const sql = `SELECT CAST(${sqlName(day.name)} AS DATE) AS day, CAST(${sqlName(code.name)} AS VARCHAR) AS code,
          ${chosen.join(", ")} FROM ${relation}`;
        return rowsOf(database, sql, { path, width: columns.length, ...(signal ? { signal } : {}) });
      },
      [Symbol.dispose]: () => database[Symbol.dispose](),
    };
  } catch (error) {
    database[Symbol.dispose]();
    throw asDataError(error, { file: path, doing: "read" });
  }
}

async function* rowsOf(
  database: Database,
  sql: string,
  { path, width, signal }: { readonly path: string; readonly width: number; readonly signal?: AbortSignal },
): AsyncGenerator<FactorRows> {
  try {
    for await (const batch of database.query(sql)) {
      signal?.throwIfAborted();
      const { codes, dictionary } = textsOf(batch, "code");
      yield {
        days: daysOf(batch, "day"),
        instrument: codes,
        codes: dictionary,
        values: Array.from({ length: width }, (_, at) => numbersOf(batch, `v${at}`)),
      };
    }
  } catch (error) {
    throw signal?.aborted === true ? error : asDataError(error, { file: path, doing: "read" });
  }
}

async function factsOf(
  database: Database,
  { path, relation, day }: { readonly path: string; readonly relation: string; readonly day: string },
): Promise<Pick<FactorFile, "rows" | "days">> {
  const [found] = await database.rows(
    `SELECT count(*) AS rows, CAST(min(${day}) AS DATE) AS first, CAST(max(${day}) AS DATE) AS last,
      CAST(count(*) FILTER (CAST(${day} AS TIMESTAMP) <> CAST(CAST(${day} AS DATE) AS TIMESTAMP)) AS BIGINT) AS within
      FROM ${relation}`,
  );
  if (Number(found?.["within"] ?? 0) > 0)
    throw new DataError("DATA_DATE_INVALID", `${path} has rows stamped within a day`, {
      remedy: "give one row a day, stamped at midnight",
      place: { file: path },
    });
  const [first, last] = [found?.["first"], found?.["last"]];
  const days = typeof first === "number" && typeof last === "number" ? { first, last } : null;
  return { rows: Number(found?.["rows"] ?? 0), days };
}

/** The column of a level, by its name, or because no other has its type. */
function levelOf(
  path: string,
  columns: readonly ParquetColumn[],
  level: { readonly names: readonly string[]; readonly type: RegExp; readonly what: string },
): ParquetColumn {
  const fitting = columns.filter(({ type }) => level.type.test(type));
  for (const name of level.names) {
    const found = fitting.find((column) => column.name.toLowerCase() === name);
    if (found !== undefined) return found;
  }
  if (fitting.length === 1) return fitting[0]!;
  const names = fitting.map(({ name }) => name).join(", ");
  throw new DataError(
    "DATA_COLUMN_MISSING",
    `${path} has ${fitting.length === 0 ? "no column" : `several columns (${names})`} of ${level.what}`,
    {
      remedy: "write the frame with its index of datetime and instrument: df.to_parquet(path)",
      place: { file: path },
    },
  );
}

/** `('feature', 'MOM20')` → `MOM20`. */
function factorName(column: string): string {
  const parts = /^\((.*)\)$/.exec(column)?.[1]?.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g);
  const last = parts === undefined ? undefined : [...parts].at(-1);
  return last?.[1] ?? last?.[2] ?? column;
}
