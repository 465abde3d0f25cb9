/**
 * A dated reference table as a frame: for each day and key the row that became known last. The database sorts, on disk
 * where memory does not suffice.
 */
import { join } from "node:path";
import { daysOf, numbersOf } from "#data/duckdb/columns";
import { Database } from "#data/duckdb/database";
import { sqlName, sqlText, sqlTextList } from "#data/duckdb/sql";
import { DataError } from "#data/errors";
import { Scratch } from "#data/archive/scratch";
import type { Frame, FrameColumn, FrameRows } from "#data/export/frame";
import { byText } from "#data/export/series-table";
import { readReferenceIndex } from "#data/reference/reference-index";
import type { Workspace } from "#pipelines/workspace";
import { isoOf } from "#market/day";
import type { SnapshotScope } from "../snapshot-source.ts";

const msPerDay = 86_400_000;
const memoryLimit = "256MB";

export interface TableRequest {
  readonly table: string;
  readonly levels: readonly [time: string, key: string];
  /** Column of the keys: `instrument`, or a text column such as `board`. */
  readonly keyColumn: string;
  readonly spell: (key: string) => string;
  readonly describe: (name: string) => FrameColumn;
  /** Further columns as SQL over the table's own, by name. */
  readonly derived?: Readonly<Record<string, string>>;
}

export interface TableFrame extends AsyncDisposable {
  readonly frame: Frame;
}

/** Columns of a table by type. Throws DATA_FILE_MISSING when the workspace has no such table. */
export async function tableColumns(
  workspace: Workspace,
  table: string,
): Promise<readonly { readonly name: string; readonly isNumber: boolean }[]> {
  using database = await Database.open();
  const columns = await database.describe(relationOf(workspace, table));
  return columns.map(({ name, type }) => ({ name, isNumber: type === "DOUBLE" }));
}

/**
 * The numbers of a table within a scope, `time` × `key`. Dispose of it to drop what was sorted on disk. Throws
 * DATA_FILE_MISSING, and DATA_FILE_EMPTY when the scope has no row.
 */
export async function openTableFrame(
  workspace: Workspace,
  request: TableRequest,
  scope: SnapshotScope,
): Promise<TableFrame> {
  const { table, keyColumn, derived = {} } = request;
  const relation = relationOf(workspace, table);
  const columns = await tableColumns(workspace, table);
  const own = columns.filter(({ name, isNumber }) => isNumber && !(name in derived)).map(({ name }) => name);
  const key = sqlName(keyColumn);
  const where = [
    `${key} IS NOT NULL`,
    "valid_from IS NOT NULL",
    ...(scope.start === undefined ? [] : [`valid_from >= DATE ${sqlText(isoOf(scope.start))}`]),
    ...(scope.end === undefined ? [] : [`valid_from <= DATE ${sqlText(isoOf(scope.end))}`]),
    ...(scope.instruments === undefined || keyColumn !== "instrument"
      ? []
      : [`list_contains(${sqlTextList(scope.instruments)}, ${key})`]),
  ];
  const scratch = new Scratch();
  const database = await Database.open({ memoryLimit, spillFolder: await scratch.pathFor(".spill") });
  const close = async (): Promise<void> => {
    database[Symbol.dispose]();
    await scratch[Symbol.asyncDispose]();
  };
  try {
    // Days before the scope stay in: what is derived looks back.
    await database.run(`CREATE VIEW newest AS SELECT * EXCLUDE (place) FROM (
      SELECT *, row_number() OVER (PARTITION BY valid_from, ${key} ORDER BY known_at DESC) AS place FROM ${relation}) WHERE place = 1`);
    const more = Object.entries(derived).map(([name, sql]) => `${sql} AS ${sqlName(name)}`);
    await database.run(`CREATE VIEW whole AS SELECT ${["*", ...more].join(", ")} FROM newest`);
    const inScope = `whole WHERE ${where.join(" AND ")}`;
    const found = await database.rows(`SELECT DISTINCT CAST(${key} AS VARCHAR) AS key FROM ${inScope}`);
    const spelled = found
      .map((row) => String(row["key"]))
      .map((name) => ({ name, label: request.spell(name) }))
      .sort((a, b) => byText(a.label, b.label));
    if (spelled.length === 0) throw noRows(table, scope);
    const names = spelled.map(({ name }) => name);
    await database.run(
      `CREATE TABLE places AS SELECT unnest(${sqlTextList(names)}) AS key, unnest(range(${names.length})) AS place`,
    );
    const described = [...own, ...Object.keys(derived)].map((name) => ({
      name,
      column: request.describe(name),
    }));
    const values = described.map(({ name }, at) => `CAST(${sqlName(name)} AS DOUBLE) AS v${at}`);
    const sql = `SELECT valid_from AS day, places.place AS place, ${values.join(", ")}
      FROM (SELECT * FROM ${inScope}) chosen JOIN places ON places.key = chosen.${key} ORDER BY valid_from, places.place`;
    const frame: Frame = {
      levels: request.levels,
      keys: spelled.map(({ label }) => label),
      columns: described.map(({ column }) => column),
      batches: (signal) =>
        batchesOf(database, sql, { width: described.length, ...(signal ? { signal } : {}) }),
    };
    return { frame, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function* batchesOf(
  database: Database,
  sql: string,
  { width, signal }: { readonly width: number; readonly signal?: AbortSignal },
): AsyncGenerator<FrameRows> {
  for await (const batch of database.query(sql)) {
    signal?.throwIfAborted();
    yield {
      times: Float64Array.from(daysOf(batch, "day"), (day) => day * msPerDay),
      keys: Int32Array.from(numbersOf(batch, "place")),
      values: Array.from({ length: width }, (_, at) => numbersOf(batch, `v${at}`)),
    };
  }
}

function relationOf(workspace: Workspace, table: string): string {
  const { files } = readReferenceIndex(workspace.root, table);
  if (files.length === 0)
    throw new DataError("DATA_FILE_MISSING", `there is no reference table "${table}" in ${workspace.root}`, {
      remedy: `import it first: alphaloom import parquet:PATH --table ${table}`,
      place: { file: join(workspace.reference, table) },
    });
  const places = files.map(({ path }) => join(workspace.root, path));
  return `read_parquet(${sqlTextList(places)}, union_by_name = true)`;
}

function noRows(table: string, { start, end }: SnapshotScope): DataError {
  const range = `${start === undefined ? "the beginning" : isoOf(start)} to ${end === undefined ? "the end" : isoOf(end)}`;
  return new DataError(
    "DATA_FILE_EMPTY",
    `the reference table "${table}" has no row from ${range} for these instruments`,
    {
      remedy: "choose other days or instruments, or leave the data set out",
    },
  );
}
