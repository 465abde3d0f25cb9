/**
 * CSV files (plain, gzip, or an entry of a zip) as text columns; conversion to numbers and dates happens above,
 * where a value that does not convert can be named by row and column.
 */
import { open } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { readableText } from "../../archive/readable-file.ts";
import { sqlText, sqlTextList } from "../../duckdb/sql.ts";
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

/** The relation over a UTF-8 text file. */
export async function textRelation(path: string, { database, reading }: RelationContext): Promise<Relation> {
  const delimiter = reading.delimiter ?? delimiterOf(await firstLineOf(path));
  const settings = [
    `header = ${reading.header}`,
    "all_varchar = true",
    "skip = 0",
    `delim = ${sqlText(delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    `comment = ''`,
    ...(reading.names === undefined ? [] : [`names = ${sqlTextList(reading.names)}`]),
  ];
  const sql = `read_csv(${sqlText(path)}, ${settings.join(", ")})`;
  return { sql, columns: await database.describe(sql), firstLine: reading.header ? 2 : 1 };
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

/** First line of a plain or gzipped text file, without byte order mark. */
export async function firstLineOf(path: string): Promise<string> {
  return (await firstLinesOf(path, 1))[0] ?? "";
}

/** Up to `count` first lines, as far as the first 64 KB reach. */
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
