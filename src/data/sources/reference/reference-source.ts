/**
 * Tables of facts, streamed as columns: what was true from `valid_from` on and known from `known_at` on. The store
 * of reference tables reads them; nothing here decides what holds on a day.
 */
import { type Day, parseDay } from "#market/day";
import { unitNamed } from "#market/units";
import { Scratch } from "../../archive/scratch.ts";
import { type ColumnBatch, type ColumnVector, daysOf, MISSING_DAY, textsOf } from "../../duckdb/columns.ts";
import { Database } from "../../duckdb/database.ts";
import { sqlName, sqlTextList } from "../../duckdb/sql.ts";
import { DataError } from "../../errors.ts";
import type { DateRule, ReferenceMapping } from "../../mapping/mapping.ts";
import { asDataError } from "../../system-errors.ts";
import { withoutPrefix } from "../bars/select-bars.ts";
import { dayExpression } from "../date-expression.ts";
import { canonicalId, instrumentOfFile } from "../instrument-codes.ts";
import { type SourceFile, placeOf } from "../locator.ts";
import { isNumericType, numberExpression } from "../numbers.ts";
import { type Relation, relationOf } from "../relation.ts";

export interface ReferenceColumn {
  readonly name: string;
  readonly kind: "number" | "day" | "text";
}

export interface ReferenceDescription {
  readonly locator: string;
  readonly table: string;
  readonly shape: string;
  readonly reasons: readonly string[];
  readonly doubts: readonly string[];
  /** `instrument valid_from valid_to known_at period` as far as the source has them, then its own columns. */
  readonly columns: readonly ReferenceColumn[];
  /** No row says when it became known; `knownOn` of the mapping, if any, stands for all. */
  readonly undated: boolean;
  readonly files: readonly string[];
}

/** Rows in the source's order. Missing: NaN, `MISSING_DAY`, code −1. */
export interface ReferenceBatch extends ColumnBatch {
  readonly origin: { readonly file: string; readonly firstRow: number };
}

export interface ReferenceSource {
  describe(): Promise<ReferenceDescription>;
  rows(): AsyncIterable<ReferenceBatch>;
}

interface Selected extends ReferenceColumn {
  readonly sql: string;
}

export class MappedReference implements ReferenceSource {
  readonly files: readonly SourceFile[];
  readonly mapping: ReferenceMapping;
  readonly #info: {
    readonly locator: string;
    readonly reasons: readonly string[];
    readonly doubts: readonly string[];
  };

  constructor(
    files: readonly SourceFile[],
    mapping: ReferenceMapping,
    info: {
      readonly locator: string;
      readonly reasons?: readonly string[];
      readonly doubts?: readonly string[];
    },
  ) {
    this.files = files;
    this.mapping = mapping;
    this.#info = { reasons: ["columns are taken from the mapping file"], doubts: [], ...info };
  }

  async describe(): Promise<ReferenceDescription> {
    using database = await Database.open();
    await using scratch = new Scratch();
    const columns = await this.#columns(database, scratch);
    return {
      ...this.#info,
      table: this.mapping.table,
      shape: this.mapping.shape,
      columns: columns.map(({ name, kind }) => ({ name, kind })),
      undated: this.mapping.knownAt === undefined,
      files: this.files.map(placeOf),
    };
  }

  async *rows(): AsyncGenerator<ReferenceBatch> {
    using database = await Database.open();
    await using scratch = new Scratch();
    const columns = await this.#columns(database, scratch);
    for (const file of this.files) {
      try {
        yield* this.#fileRows(file, columns, { database, scratch });
      } catch (error) {
        throw asDataError(error, { file: placeOf(file), doing: "read" });
      }
    }
  }

  /** Columns and their types, settled on the first file so that all batches agree. */
  async #columns(database: Database, scratch: Scratch): Promise<Selected[]> {
    const file = this.files[0]!;
    const relation = await relationOf(file, { database, scratch, reading: this.mapping.reading });
    return selectColumns(this.mapping, { relation, database, place: placeOf(file) });
  }

  async *#fileRows(
    file: SourceFile,
    columns: readonly Selected[],
    { database, scratch }: { readonly database: Database; readonly scratch: Scratch },
  ): AsyncGenerator<ReferenceBatch> {
    const { mapping } = this;
    const relation = await relationOf(file, { database, scratch, reading: mapping.reading });
    requireColumns(mapping, relation, placeOf(file));
    const rule = mapping.instrument;
    const only = rule === undefined || "column" in rule ? null : instrumentOfFile(file, rule);
    const known = mapping.knownOn === undefined ? null : parseDay(mapping.knownOn);
    const sql = `SELECT ${columns.map((column) => `${column.sql} AS ${sqlName(column.name)}`).join(", ")} FROM ${relation.sql}`;
    let firstRow = 1;
    for await (const batch of database.query(sql)) {
      const vectors = new Map<string, ColumnVector>();
      for (const { name } of columns) vectors.set(name, this.#vector(batch, name));
      if (only !== null) vectors.set("instrument", constantText(only, batch.rows));
      if (known !== null && mapping.knownAt === undefined)
        vectors.set("known_at", constantDay(known, batch.rows));
      checkDates(batch, mapping, { place: placeOf(file), firstRow });
      yield { rows: batch.rows, columns: vectors, origin: { file: placeOf(file), firstRow } };
      firstRow += batch.rows;
    }
  }

  /** Instrument codes become canonical ids; those of no known form stay as they are spelled. */
  #vector(batch: ColumnBatch, name: string): ColumnVector {
    const rule = this.mapping.instrument;
    if (name !== "instrument" || rule === undefined) return batch.columns.get(name)!;
    const { codes, dictionary } = textsOf(batch, name);
    return { kind: "text", codes, dictionary: dictionary.map((code) => canonicalId(code, rule) ?? code) };
  }
}

async function selectColumns(
  mapping: ReferenceMapping,
  source: { readonly relation: Relation; readonly database: Database; readonly place: string },
): Promise<Selected[]> {
  const { relation, database, place } = source;
  requireColumns(mapping, relation, place);
  const types = new Map(relation.columns.map(({ name, type }) => [name, type]));
  const selected: Selected[] = [];
  const used = new Set<string>();
  if (mapping.instrument !== undefined) {
    const column = "column" in mapping.instrument ? mapping.instrument.column : null;
    if (column === null) selected.push({ name: "instrument", kind: "text", sql: "NULL::VARCHAR" });
    else {
      used.add(column);
      selected.push({ name: "instrument", kind: "text", sql: codeExpression(column, types.get(column)!) });
    }
  }
  for (const [name, rule] of datesOf(mapping)) {
    used.add(rule.column);
    const type = types.get(rule.column)!;
    selected.push({
      name,
      kind: "day",
      sql: dayExpression({ name: rule.column, type, format: rule.format }),
    });
  }
  if (mapping.knownAt === undefined && mapping.knownOn !== undefined) {
    selected.push({ name: "known_at", kind: "day", sql: "NULL::DATE" });
  }
  if (mapping.period !== undefined) {
    used.add(mapping.period);
    selected.push({ name: "period", kind: "text", sql: `CAST(${sqlName(mapping.period)} AS VARCHAR)` });
  }
  const names = mapping.keep === "all" ? [...types.keys()].filter((name) => !used.has(name)) : mapping.keep;
  const { missing } = mapping.reading;
  const numeric = await numberColumns(database, relation, missing);
  for (const name of names) {
    const type = types.get(name)!;
    const plain = withoutPrefix(name, mapping.prefix);
    const unit = mapping.units[name];
    const shown = selected.some((column) => column.name === plain) ? `source_${plain}` : plain;
    if (numeric.has(name)) {
      const sql = scaled(numberExpression({ name, type }, missing), unit);
      selected.push({ name: shown, kind: "number", sql });
    } else if (type === "DATE") selected.push({ name: shown, kind: "day", sql: sqlName(name) });
    else selected.push({ name: shown, kind: "text", sql: `CAST(${sqlName(name)} AS VARCHAR)` });
  }
  return selected;
}

function datesOf(mapping: ReferenceMapping): [string, DateRule][] {
  const rules: readonly (readonly [string, DateRule | undefined])[] = [
    ["valid_from", mapping.validFrom],
    ["valid_to", mapping.validTo],
    ["known_at", mapping.knownAt],
  ];
  return rules.filter((entry): entry is [string, DateRule] => entry[1] !== undefined);
}

function requireColumns(mapping: ReferenceMapping, relation: Relation, place: string): void {
  const there = new Set(relation.columns.map(({ name }) => name));
  const needed = [
    ...(mapping.instrument !== undefined && "column" in mapping.instrument
      ? [mapping.instrument.column]
      : []),
    ...datesOf(mapping).map(([, rule]) => rule.column),
    ...(mapping.period === undefined ? [] : [mapping.period]),
    ...(mapping.keep === "all" ? [] : mapping.keep),
  ];
  const absent = needed.find((name) => !there.has(name));
  if (absent === undefined) return;
  throw new DataError(
    "DATA_COLUMN_MISSING",
    `${place} has no column "${absent}"; it has ${[...there].join(", ")}`,
    {
      remedy: "correct the mapping, or take files of another shape out of the folder",
      place: { file: place, column: absent },
    },
  );
}

/** Text columns that are all numbers are numbers, unless leading zeros say that they are codes. */
async function numberColumns(
  database: Database,
  relation: Relation,
  missing: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = new Set(relation.columns.filter(({ type }) => isNumericType(type)).map(({ name }) => name));
  const texts = relation.columns.filter(({ type }) => type === "VARCHAR").map(({ name }) => name);
  if (texts.length === 0) return found;
  const tests = texts.map((name, index) => {
    const text = `trim(${sqlName(name)})`;
    const present = `${text} <> '' AND NOT list_contains(${sqlTextList(missing)}, ${text})`;
    const other = `TRY_CAST(${text} AS DOUBLE) IS NULL OR regexp_matches(${text}, '^0[0-9]')`;
    return `CAST(count(*) FILTER (${present}) > 0 AND count(*) FILTER (${present} AND (${other})) = 0 AS INTEGER) AS t${index}`;
  });
  const [row] = await database.rows(`SELECT ${tests.join(", ")} FROM ${relation.sql}`);
  for (const [index, name] of texts.entries()) if (row?.[`t${index}`] === 1) found.add(name);
  return found;
}

function codeExpression(column: string, type: string): string {
  const text = `CAST(${sqlName(column)} AS VARCHAR)`;
  return isNumericType(type) ? `lpad(${text}, 6, '0')` : text;
}

function scaled(sql: string, unit: string | undefined): string {
  const exponent = unit === undefined ? 0 : unitNamed(unit).exponent;
  if (exponent === 0) return sql;
  return exponent > 0 ? `(${sql} * 1e${exponent})` : `(${sql} / 1e${-exponent})`;
}

/** A date that is written but cannot be read is an error; an empty one is missing. */
function checkDates(
  batch: ColumnBatch,
  mapping: ReferenceMapping,
  at: { readonly place: string; readonly firstRow: number },
): void {
  if (mapping.knownAt === undefined) return;
  const row = daysOf(batch, "known_at").indexOf(MISSING_DAY);
  if (row < 0) return;
  throw new DataError(
    "DATA_DATE_INVALID",
    `${at.place}: row ${at.firstRow + row} has no readable date in column ${mapping.knownAt.column}`,
    {
      remedy: "correct the row; a fact without the day it became known cannot be read as of a day",
      place: { file: at.place, row: at.firstRow + row, column: mapping.knownAt.column },
    },
  );
}

function constantText(text: string, rows: number): ColumnVector {
  return { kind: "text", codes: new Int32Array(rows), dictionary: [text] };
}

function constantDay(day: Day, rows: number): ColumnVector {
  return { kind: "day", values: new Int32Array(rows).fill(day) };
}
