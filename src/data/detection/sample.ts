/** Opens one file the way a person would: is there a header, which columns, what do the first rows look like. */
import { readableText } from "../archive/readable-file.ts";
import type { Scratch } from "../archive/scratch.ts";
import type { Database } from "../duckdb/database.ts";
import { sqlName } from "../duckdb/sql.ts";
import { defaultReading, type Reading } from "../mapping/mapping.ts";
import { delimiterOf, firstLinesOf } from "../sources/csv/relation.ts";
import type { SourceFile } from "../sources/locator.ts";
import { relationOf, type Relation } from "../sources/relation.ts";
import { columnNames } from "./column-names.ts";
import type { Sample } from "./recognition.ts";

const HEAD_ROWS = 500;
/** A stamp in nanoseconds and a JSON object: a recorded exchange feed. */
const FEED_LINE = /^\d{15,19}[ \t]\{/;

export async function sampleOf(
  file: SourceFile,
  context: {
    readonly files: readonly SourceFile[];
    readonly database: Database;
    readonly scratch: Scratch;
    readonly headRows?: number;
  },
): Promise<Sample> {
  const { database, scratch, files } = context;
  const isText = file.kind === "csv" || file.kind === "json";
  const lines = isText ? await firstLinesOf(await readableText(file, defaultReading, scratch), 20) : [];
  const feed = FEED_LINE.test(lines[0] ?? "");
  const reading = file.kind === "csv" && !feed ? readingOf(lines) : defaultReading;
  const relation = feed ? null : await relationOf(file, { database, scratch, reading });
  return {
    file,
    files,
    database,
    scratch,
    relation,
    reading,
    names: columnNames(relation?.columns.map(({ name }) => name) ?? []),
    head: relation === null ? [] : await headOf(database, relation, context.headRows ?? HEAD_ROWS),
    lines,
  };
}

async function headOf(database: Database, relation: Relation, rows: number): Promise<Sample["head"]> {
  const columns = relation.columns.map(({ name }) => `CAST(${sqlName(name)} AS VARCHAR) AS ${sqlName(name)}`);
  const found = await database.rows(`SELECT ${columns.join(", ")} FROM ${relation.sql} LIMIT ${rows}`);
  return found as Sample["head"];
}

/** Without header the columns are called c1, c2, … */
function readingOf(lines: readonly string[]): Reading {
  const first = lines[0] ?? "";
  if (!looksLikeData(first)) return defaultReading;
  const names = first.split(delimiterOf(first)).map((_, index) => `c${index + 1}`);
  return { ...defaultReading, header: false, names };
}

/** Whether a first line holds values rather than names: names are neither numbers nor dates. */
export function looksLikeData(line: string): boolean {
  return line
    .split(delimiterOf(line))
    .map((cell) => cell.trim().replace(/^"|"$/g, ""))
    .some((cell) => /^[-+]?[\d.]+([-/:. ][\d:.]+)*$/.test(cell));
}
