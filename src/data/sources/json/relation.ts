/** JSON: an array of objects, one object a line (NDJSON), or one object of arrays (columns). Plain or gzip. */
import { stat } from "node:fs/promises";
import { readableText } from "../../archive/readable-file.ts";
import { sqlName, sqlText } from "../../duckdb/sql.ts";
import { DataError } from "../../errors.ts";
import { asDataError } from "../../system-errors.ts";
import { firstLinesOf } from "../csv/relation.ts";
import { type SourceFile, placeOf } from "../locator.ts";
import type { Relation, RelationContext } from "../relation.ts";

/** DuckDB sets aside twice the largest object per thread, so the limit is raised only where one object is the file. */
const USUAL_OBJECT_BYTES = 4 << 20;
const LARGEST_OBJECT_BYTES = 100 << 20;

export async function jsonRelation(file: SourceFile, context: RelationContext): Promise<Relation> {
  const { database, reading, scratch } = context;
  try {
    const path = await readableText(file, reading, scratch);
    const sql = `read_json(${sqlText(path)}, format = 'auto', convert_strings_to_integers = false, maximum_object_size = ${await objectBytes(path)})`;
    const columns = await database.describe(sql);
    if (columns.length > 0 && columns.every(({ type }) => type.endsWith("[]"))) {
      const unnested = columns.map(({ name }) => `unnest(${sqlName(name)}) AS ${sqlName(name)}`);
      return {
        sql: `(SELECT ${unnested.join(", ")} FROM ${sql})`,
        columns: columns.map(({ name, type }) => ({ name, type: type.slice(0, -2) })),
        firstLine: 1,
      };
    }
    const nested = columns.find(({ type }) => /^(STRUCT|MAP|JSON)/.test(type) || type.endsWith("[]"));
    if (nested !== undefined) {
      throw new DataError(
        "DATA_SHAPE_UNKNOWN",
        `${placeOf(file)}: ${nested.name} holds nested values (${nested.type.slice(0, 60)})`,
        {
          remedy:
            "give an array of flat objects, one flat object a line, or one object of equally long arrays",
          place: { file: file.path, column: nested.name },
        },
      );
    }
    return { sql, columns, firstLine: 1 };
  } catch (error) {
    throw asDataError(error, { file: file.path, doing: "read" });
  }
}

/** Room for the largest object: the whole file when it is one object that does not end on its first line. */
async function objectBytes(path: string): Promise<number> {
  const [line = ""] = await firstLinesOf(path, 1);
  const oneObject = line.trimStart().startsWith("{") && !line.trimEnd().endsWith("}");
  if (!oneObject) return USUAL_OBJECT_BYTES;
  const { size } = await stat(path);
  return Math.min(LARGEST_OBJECT_BYTES, Math.max(USUAL_OBJECT_BYTES, size + 1024));
}
