/** A file as something DuckDB can select from: the seam between the file kinds and everything above them. */
import type { Scratch } from "../archive/scratch.ts";
import type { Database } from "../duckdb/database.ts";
import type { Reading } from "../mapping/mapping.ts";
import { csvRelation } from "./csv/relation.ts";
import { excelRelation } from "./excel/relation.ts";
import { jsonRelation } from "./json/relation.ts";
import type { FileKind, SourceFile } from "./locator.ts";
import { parquetRelation } from "./parquet/relation.ts";

export interface Relation {
  /** Stands after FROM; delivers rows in the file's order. */
  readonly sql: string;
  /** Columns with DuckDB's type names. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Line of the file's first row: 2 under a header line, else 1. */
  readonly firstLine: number;
}

export interface RelationContext {
  readonly database: Database;
  readonly scratch: Scratch;
  readonly reading: Reading;
}

const readers: Readonly<Record<FileKind, (file: SourceFile, context: RelationContext) => Promise<Relation>>> =
  { parquet: parquetRelation, csv: csvRelation, json: jsonRelation, excel: excelRelation };

/** Opens a file far enough to know its columns. Throws `DataError` naming the file. */
export function relationOf(file: SourceFile, context: RelationContext): Promise<Relation> {
  return readers[file.kind](file, context);
}
