/** Reads a reference table: all rows of all its files, with the days that decide when a row counts. */
import { existsSync } from "node:fs";
import path from "node:path";
import type { ColumnBatch, ColumnVector } from "#data/duckdb/columns";
import { MISSING_DAY, daysOf, textsOf } from "#data/duckdb/columns";
import { Database } from "#data/duckdb/database";
import { sqlName, sqlTextList } from "#data/duckdb/sql";
import { DataError } from "#data/errors";
import { asDataError } from "#data/system-errors";
import type { Day } from "#market/day";
import type { ReferenceFile } from "./reference-index.ts";
import { readReferenceIndex } from "./reference-index.ts";

/** One row of a table. Days are inclusive; open ends are infinite. */
export interface Fact<T> {
  readonly instrument: string;
  readonly from: Day;
  readonly to: Day;
  readonly knownAt: Day;
  readonly value: T;
}

export interface ReferenceTable {
  readonly table: string;
  readonly files: readonly ReferenceFile[];
  /** Values of a column, rows without one left out. Text stays text, numbers numbers, dates whole days. */
  facts(column: string): Promise<readonly Fact<string | number>[]>;
  /** Values of several columns of each row, null where missing. Rows without an instrument are left out. */
  rows(columns: readonly string[]): Promise<readonly Fact<readonly (string | number | null)[]>[]>;
}

/**
 * A table of the workspace, or those of its files that a store generation lists. Throws DATA_FILE_MISSING when it was never
 * imported or a file is gone; `facts` throws DATA_COLUMN_MISSING.
 */
export function openReference(
  workspace: string,
  table: string,
  listed?: ReadonlySet<string>,
): ReferenceTable {
  const index = readReferenceIndex(workspace, table);
  const files = index.files.filter((file) => listed?.has(file.path) ?? true);
  if (files.length === 0) {
    throw new DataError("DATA_FILE_MISSING", `there is no reference table "${table}" in ${workspace}`, {
      remedy: "import it first",
      place: { file: path.join(workspace, "reference", table) },
    });
  }
  const places = files.map((file) => path.join(workspace, file.path));
  const gone = places.find((place) => !existsSync(place));
  if (gone !== undefined) {
    throw new DataError("DATA_FILE_MISSING", `${gone} of the reference table "${table}" is gone`, {
      remedy: "restore it, or import its source again",
      place: { file: gone },
    });
  }
  return {
    table,
    files,
    rows: (columns) => readRows(table, places, columns),
    async facts(column) {
      const rows = await readRows(table, places, [column]);
      return rows.flatMap(({ value: [value], ...fact }) =>
        value === null || value === undefined ? [] : [{ ...fact, value }],
      );
    },
  };
}

async function readRows(
  table: string,
  places: readonly string[],
  columns: readonly string[],
): Promise<readonly Fact<readonly (string | number | null)[]>[]> {
  using database = await Database.open();
  const relation = `read_parquet(${sqlTextList(places)}, union_by_name = true)`;
  const facts: Fact<readonly (string | number | null)[]>[] = [];
  try {
    const names = (await database.describe(relation)).map(({ name }) => name);
    const absent = columns.find((column) => !names.includes(column));
    if (absent !== undefined) {
      throw new DataError(
        "DATA_COLUMN_MISSING",
        `the reference table "${table}" has no column "${absent}"; it has ${names.join(", ")}`,
        { remedy: "name one of its columns", place: { column: absent } },
      );
    }
    const values = columns.map((column, at) => `${sqlName(column)} AS value${at}`);
    const sql = `SELECT instrument, valid_from, valid_to, known_at, ${values.join(", ")} FROM ${relation}`;
    for await (const batch of database.query(sql)) facts.push(...factsOf(batch, columns.length));
  } catch (error) {
    throw asDataError(error, { file: places[0]!, doing: "read" });
  }
  return facts;
}

function* factsOf(batch: ColumnBatch, width: number): Generator<Fact<readonly (string | number | null)[]>> {
  const instrument = textsOf(batch, "instrument");
  const from = daysOf(batch, "valid_from");
  const to = daysOf(batch, "valid_to");
  const known = daysOf(batch, "known_at");
  const vectors = Array.from({ length: width }, (_, at) => batch.columns.get(`value${at}`)!);
  for (let row = 0; row < batch.rows; row++) {
    const id = instrument.dictionary[instrument.codes[row]!];
    if (id === undefined) continue;
    yield {
      instrument: id,
      from: from[row] === MISSING_DAY ? Number.NEGATIVE_INFINITY : from[row]!,
      to: to[row] === MISSING_DAY ? Number.POSITIVE_INFINITY : to[row]!,
      knownAt: known[row]!,
      value: vectors.map((vector) => cellOf(vector, row)),
    };
  }
}

function cellOf(vector: ColumnVector, row: number): string | number | null {
  if (vector.kind === "text") return vector.dictionary[vector.codes[row]!] ?? null;
  const value = vector.values[row]!;
  return Number.isNaN(value) || (vector.kind === "day" && value === MISSING_DAY) ? null : value;
}
