/** What a recogniser answers, and what it works from. */
import type { Scratch } from "../archive/scratch.ts";
import type { Database } from "../duckdb/database.ts";
import type { Mapping, Reading } from "../mapping/mapping.ts";
import type { SourceFile } from "../sources/locator.ts";
import type { Relation } from "../sources/relation.ts";
import type { ColumnNames } from "./column-names.ts";

/** The first file of a source, opened and looked into. */
export interface Sample {
  readonly file: SourceFile;
  /** All files of the locator: siblings whose names and number are evidence. */
  readonly files: readonly SourceFile[];
  readonly database: Database;
  readonly scratch: Scratch;
  /** Null for text that is no table (lines of another form). */
  readonly relation: Relation | null;
  readonly reading: Reading;
  readonly names: ColumnNames;
  /** First rows, as text. */
  readonly head: readonly Readonly<Record<string, string | null>>[];
  /** First lines of a text file as they stand. */
  readonly lines: readonly string[];
}

export interface Recognition {
  /** Name of the shape: `a-share-bars`, `financials`, … */
  readonly shape: string;
  readonly mapping: Mapping;
  /** One sentence per fact the recognition rests on. */
  readonly reasons: readonly string[];
  /** What was taken by convention because evidence is lacking, or what speaks against it. */
  readonly doubts: readonly string[];
}

export interface Recogniser {
  readonly name: string;
  recognise(sample: Sample): Promise<Recognition | null>;
}
