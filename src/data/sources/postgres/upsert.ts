/** Rows put in place of those with the same (ts_code, trade_date), in one transaction; rows that are the same stay untouched. */
import { DataError } from "../../errors.ts";
import { type CatalogueTable, columnOf, tableOf } from "./catalogue.ts";
import { copyIn, type WrittenColumn, type WrittenRows } from "./copy-in.ts";
import { sqlColumn, sqlTable, type TableName, textOfTable } from "./identifier.ts";
import { keysByName } from "./recognise-table.ts";
import type { PostgresSession } from "./session.ts";
import { numberKind } from "./table-mapping.ts";

export interface UpsertInput {
  /** Columns of numbers, besides code and date. */
  readonly columns: readonly { readonly name: string; readonly kind: "float8" | "float4" }[];
  /** Values in the order: codes, days, then the columns. */
  readonly batches: AsyncIterable<WrittenRows>;
  /** Make columns that the table lacks. */
  readonly createColumns?: boolean;
  /** Make the table (and its schema) when there is none. */
  readonly createTable?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface Upserted {
  readonly rows: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly created: { readonly table: boolean; readonly columns: readonly string[] };
}

const INCOMING = "alphaloom_incoming";

/**
 * Writes the rows. NaN becomes NULL; a row that would be all NULL is not made. Throws SOURCE_TABLE_MISSING and
 * SOURCE_COLUMN_MISSING where nothing may be made, SOURCE_COLUMN_TYPE, SOURCE_NOT_PERMITTED; then nothing is changed.
 */
export async function upsertRows(
  session: PostgresSession,
  name: TableName,
  input: UpsertInput,
): Promise<Upserted> {
  const { signal } = input;
  const stop = (): void => session.destroy();
  signal?.throwIfAborted();
  signal?.addEventListener("abort", stop, { once: true });
  const doing = `writing ${textOfTable(name)}`;
  try {
    await session.query("BEGIN", [], doing);
    const created = await prepare(session, name, input);
    const table = await tableOf(session, name);
    const keys = keyOf(table);
    refuseOthers(table, input.columns);
    const code = columnOf(table, keys.instrument);
    await session.query(
      `CREATE TEMPORARY TABLE ${sqlColumn(INCOMING)} (code text NOT NULL, day date NOT NULL, ${input.columns
        .map((column) => `${sqlColumn(column.name)} ${column.kind}`)
        .join(", ")}) ON COMMIT DROP`,
      [],
      doing,
    );
    const columns: WrittenColumn[] = [
      { name: "code", kind: "text" },
      { name: "day", kind: "date" },
      ...input.columns,
    ];
    const rows = await copyIn(session, { temporary: INCOMING }, { columns, batches: input.batches });
    await session.query(`ANALYZE ${sqlColumn(INCOMING)}`, [], doing);
    const counts = await merge(session, table, { keys, codeType: code.type, columns: input.columns });
    await session.query("COMMIT", [], doing);
    return { rows, ...counts, unchanged: rows - counts.inserted - counts.updated, created };
  } catch (error) {
    signal?.throwIfAborted();
    await rollBack(session);
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** A transaction that is gone with its connection needs no rollback. */
async function rollBack(session: PostgresSession): Promise<void> {
  try {
    await session.query("ROLLBACK");
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
  }
}

async function prepare(
  session: PostgresSession,
  name: TableName,
  { columns, createColumns = false, createTable = false }: UpsertInput,
): Promise<Upserted["created"]> {
  const doing = `preparing ${textOfTable(name)}`;
  let made = false;
  if (createTable) {
    const before = await session.query("SELECT to_regclass($1) IS NULL AS missing", [sqlTable(name)]);
    made = before[0]!["missing"] === true;
    if (made) {
      const [schema] = await session.query("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", [
        name.schema,
      ]);
      if (schema === undefined) await session.query(`CREATE SCHEMA ${sqlColumn(name.schema)}`, [], doing);
      await session.query(
        `CREATE TABLE ${sqlTable(name)} (ts_code text NOT NULL, trade_date date NOT NULL, PRIMARY KEY (ts_code, trade_date))`,
        [],
        doing,
      );
    }
  }
  const table = await tableOf(session, name);
  const known = new Set(table.columns.map((column) => column.name));
  const missing = columns.filter((column) => !known.has(column.name));
  if (missing.length > 0 && !createColumns && !made) {
    throw new DataError(
      "SOURCE_COLUMN_MISSING",
      `${textOfTable(name)} has no column ${missing.map((column) => column.name).join(", ")}`,
      { remedy: "add the columns, or have them made (--create-columns)", place: { file: textOfTable(name) } },
    );
  }
  if (missing.length > 0) {
    const added = missing.map((column) => `ADD COLUMN ${sqlColumn(column.name)} ${column.kind}`).join(", ");
    await session.query(`ALTER TABLE ${sqlTable(name)} ${added}`, [], doing);
  }
  return { table: made, columns: missing.map((column) => column.name) };
}

/** The columns of code and date, which must be the table's primary key. */
function keyOf(table: CatalogueTable): { readonly instrument: string; readonly date: string } {
  const { instrument, date } = keysByName(table);
  const key = [...table.primaryKey].sort().join();
  if (instrument !== undefined && date !== undefined && key === [instrument, date].sort().join()) {
    return { instrument, date };
  }
  const text = textOfTable(table.name);
  throw new DataError(
    "SOURCE_COLUMN_MISSING",
    `${text} has ${key === "" ? "no primary key" : `the primary key (${table.primaryKey.join(", ")})`}, not one of an instrument code and a date`,
    {
      remedy: `make it: ALTER TABLE ${text} ADD PRIMARY KEY (ts_code, trade_date)`,
      place: { file: text },
    },
  );
}

function refuseOthers(table: CatalogueTable, columns: UpsertInput["columns"]): void {
  for (const { name } of columns) {
    const column = columnOf(table, name);
    if (numberKind(column.type) !== undefined) continue;
    const file = textOfTable(table.name);
    throw new DataError(
      "SOURCE_COLUMN_TYPE",
      `column ${name} of ${file} is of type ${column.type}, not of numbers`,
      {
        remedy: "write to another column, or change its type to double precision",
        place: { file, column: name },
      },
    );
  }
}

async function merge(
  session: PostgresSession,
  table: CatalogueTable,
  about: {
    readonly keys: { readonly instrument: string; readonly date: string };
    readonly codeType: string;
    readonly columns: UpsertInput["columns"];
  },
): Promise<{ readonly inserted: number; readonly updated: number }> {
  const { keys, columns } = about;
  const target = sqlTable(table.name);
  const [code, day] = [sqlColumn(keys.instrument), sqlColumn(keys.date)];
  const names = columns.map(({ name }) => sqlColumn(name));
  const typed = columns.map(({ name }) => `i.${sqlColumn(name)}::${columnOf(table, name).type}`);
  const codeCast = about.codeType === "bpchar" ? "i.code::bpchar" : "i.code";
  const doing = `writing ${textOfTable(table.name)}`;
  // A row that another writer inserts between the two statements would be neither updated nor inserted. Readers go on.
  await session.query(`LOCK TABLE ${target} IN SHARE ROW EXCLUSIVE MODE`, [], doing);
  const [updated] = await session.query(
    `WITH changed AS (
       UPDATE ${target} t SET ${names.map((name, at) => `${name} = ${typed[at]!}`).join(", ")}
       FROM ${sqlColumn(INCOMING)} i
       WHERE t.${code} = ${codeCast} AND t.${day} = i.day
         AND (${names.map((name) => `t.${name}`).join(", ")}) IS DISTINCT FROM (${typed.join(", ")})
       RETURNING 1)
     SELECT count(*)::float8 AS n FROM changed`,
    [],
    doing,
  );
  const [inserted] = await session.query(
    `WITH added AS (
       INSERT INTO ${target} (${[code, day, ...names].join(", ")})
       SELECT ${["i.code", "i.day", ...typed].join(", ")} FROM ${sqlColumn(INCOMING)} i
       WHERE num_nonnulls(${names.map((name) => `i.${name}`).join(", ")}) > 0
       ON CONFLICT (${code}, ${day}) DO NOTHING RETURNING 1)
     SELECT count(*)::float8 AS n FROM added`,
    [],
    doing,
  );
  return { inserted: Number(inserted!["n"]), updated: Number(updated!["n"]) };
}
