/**
 * CSV files (plain, gzip, or an entry of a zip) as text columns; conversion to numbers and dates happens above,
 * where a value that does not convert can be named by row and column.
 */
import { open } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { readableText } from "../../archive/readable-file.ts";
import { sqlText } from "../../duckdb/sql.ts";
import type { Reading } from "../../mapping/mapping.ts";
import { asDataError } from "../../system-errors.ts";
import type { SourceFile } from "../locator.ts";
import type { Relation, RelationContext } from "../relation.ts";

export async function csvRelation(file: SourceFile, context: RelationContext): Promise<Relation> {
  try {
    const path = await readableText(file, context.reading, context.scratch);
    return await textRelation(path, context);
  } catch (error) {
    throw asDataError(error, { file: file.path, doing: "read" });
  }
}

/**
 * The relation over a UTF-8 text file. Nothing is left to DuckDB's dialect sniffer: it takes longer than small files
 * take to read, and guesses types and skipped lines.
 */
export async function textRelation(path: string, { reading }: RelationContext): Promise<Relation> {
  const [line = ""] = await firstLinesOf(path, 1);
  const delimiter = reading.delimiter ?? delimiterOf(line);
  const cells = splitLine(line, delimiter);
  const names = unique(reading.names ?? (reading.header ? cells : cells.map((_, index) => `c${index + 1}`)));
  const settings = [
    "auto_detect = false",
    `header = ${reading.header}`,
    `columns = {${names.map((name) => `${sqlText(name)}: 'VARCHAR'`).join(", ")}}`,
    `delim = ${sqlText(delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    `buffer_size = ${BUFFER_BYTES}`,
    `max_line_size = ${LONGEST_LINE}`,
  ];
  return {
    sql: `read_csv(${sqlText(path)}, ${settings.join(", ")})`,
    columns: names.map((name) => ({ name, type: "VARCHAR" })),
    firstLine: reading.header ? 2 : 1,
  };
}

const LONGEST_LINE = 1 << 20;
const BUFFER_BYTES = 8 << 20;

/** Cells of one line, quotes resolved. A header does not span lines. */
function splitLine(line: string, delimiter: string): string[] {
  const cells: string[] = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!;
    if (char === '"') {
      if (quoted && line[at + 1] === '"') {
        cell += char;
        at++;
      } else quoted = !quoted;
    } else if (char === delimiter && !quoted) {
      cells.push(cell);
      cell = "";
    } else cell += char;
  }
  return [...cells, cell].map((text) => text.trim());
}

/** Empty names are numbered, repeated ones too, so that every column can be named. */
function unique(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name, index) => {
    const own = name === "" ? `column${index + 1}` : name;
    const key = own.toLowerCase();
    const times = seen.get(key) ?? 0;
    seen.set(key, times + 1);
    return times === 0 ? own : `${own}_${times}`;
  });
}

/** The separator that occurs most in a line; a comma when none does. */
export function delimiterOf(line: string): NonNullable<Reading["delimiter"]> {
  let best = ",";
  let most = 0;
  for (const delimiter of [",", "\t", ";", "|"]) {
    const count = line.split(delimiter).length - 1;
    if (count > most) [best, most] = [delimiter, count];
  }
  return best;
}

const HEAD_BYTES = 65_536;

/** Up to `count` first lines of a plain or gzipped file, as far as the first 64 KB reach. */
export async function firstLinesOf(path: string, count: number): Promise<string[]> {
  const handle = await open(path, "r");
  try {
    const bytes = new Uint8Array(HEAD_BYTES);
    const { bytesRead } = await handle.read(bytes, 0, HEAD_BYTES, 0);
    const head = bytes.subarray(0, bytesRead);
    const packed = head[0] === 0x1f && head[1] === 0x8b;
    // A cut-off gzip stream is what a head is: the flush mode gives out what there is.
    const text = packed ? gunzipSync(head, { finishFlush: 2 }) : head;
    return new TextDecoder().decode(text).split(/\r?\n/, count);
  } finally {
    await handle.close();
  }
}
