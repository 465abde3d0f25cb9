/**
 * Factors and labels of a store into a table of a PostgreSQL server (`market.factor_daily`), by instrument and day. Writing
 * again changes nothing; a value that is gone becomes NULL; all of it is one transaction.
 */
import { DataError } from "#data/errors";
import type { WrittenRows } from "#data/sources/postgres/copy-in";
import { isPlainName, tableNamed, textOfTable } from "#data/sources/postgres/identifier";
import { PostgresSession } from "#data/sources/postgres/session";
import { type Upserted, upsertRows } from "#data/sources/postgres/upsert";
import type { Frame } from "#data/export/frame";
import type { SnapshotColumn, SnapshotScope, SnapshotSource } from "../snapshot/snapshot-source.ts";

export interface WriteFactorsOptions {
  /** The connection; it is never printed. */
  readonly url: string;
  /** `market.factor_daily`. */
  readonly table: string;
  /** Columns of the source by name; its factors and labels unless told. */
  readonly columns?: readonly string[];
  readonly scope?: SnapshotScope;
  readonly createColumns?: boolean;
  readonly createTable?: boolean;
  readonly signal?: AbortSignal;
}

export interface WrittenFactors extends Upserted {
  readonly table: string;
  readonly columns: readonly { readonly source: string; readonly column: string }[];
}

const MS_PER_DAY = 86_400_000;
const LABEL = "label_";

/** Throws SOURCE_…, SNAPSHOT_COLUMN_UNKNOWN, and the signal's reason; the table is then as it was. */
export async function writeFactors(
  source: SnapshotSource,
  options: WriteFactorsOptions,
): Promise<WrittenFactors> {
  const table = tableNamed(options.table);
  const chosen = chosenColumns(source, options.columns);
  const named = chosen.map((column) => ({ source: column.name, column: columnNameOf(column) }));
  refuseClashes(named);
  const frame = await source.frame(options.scope ?? {}, {
    columns: chosen.map(({ name }) => name),
    adjustment: { kind: "raw" },
  });
  await using session = await PostgresSession.open(options.url, { mode: "write" });
  const { signal, createColumns = false, createTable = false } = options;
  const written = await upsertRows(session, table, {
    columns: named.map(({ column }, at) => ({
      name: column,
      kind: chosen[at]!.dtype === "f32" ? "float4" : "float8",
    })),
    batches: rowsOf(frame, signal),
    createColumns,
    createTable,
    signal,
  });
  return { ...written, table: textOfTable(table), columns: named };
}

/** `alpha158.MA5` is `alpha158_ma5`; a label begins with `label_`, by which readers tell it. */
export function columnNameOf({ name, role }: Pick<SnapshotColumn, "name" | "role">): string {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9_]+/g, "_");
  const bare = role === "label" ? plain.replace(/^labels?_/, "") : plain;
  const column = role === "label" ? `${LABEL}${bare}` : plain;
  if (isPlainName(column)) return column;
  throw new DataError("SOURCE_NAME_INVALID", `${name} makes no name of a column (${column})`, {
    remedy: "write it under a shorter name that begins with a letter",
    place: { column: name },
  });
}

function chosenColumns(
  source: SnapshotSource,
  names: readonly string[] | undefined,
): readonly SnapshotColumn[] {
  const all = source.columns.filter(({ role }) => role !== "market");
  const chosen =
    names === undefined
      ? all
      : names.map((name) => {
          const found = source.columns.find((column) => column.name === name);
          if (found !== undefined) return found;
          throw new DataError("STORE_FIELD_MISSING", `${source.locator} has no column ${name}`, {
            remedy: `choose from ${all
              .slice(0, 12)
              .map((column) => column.name)
              .join(", ")}`,
            place: { column: name },
          });
        });
  if (chosen.length > 0) return chosen;
  throw new DataError("STORE_FIELD_MISSING", `${source.locator} holds no factor and no label`, {
    remedy: "compute some first: alphaloom precompute run",
  });
}

function refuseClashes(named: WrittenFactors["columns"]): void {
  const seen = new Map<string, string>();
  for (const { source, column } of named) {
    const other = seen.get(column);
    if (other !== undefined) {
      throw new DataError("SOURCE_COLUMN_CLASH", `${other} and ${source} would both be column ${column}`, {
        remedy: "write them one after the other, to two tables",
        place: { column },
      });
    }
    seen.set(column, source);
  }
}

async function* rowsOf(frame: Frame, signal?: AbortSignal): AsyncGenerator<WrittenRows> {
  for await (const { times, keys, values } of frame.batches(signal)) {
    yield {
      rows: times.length,
      values: [
        { codes: keys, texts: frame.keys },
        Float64Array.from(times, (time) => Math.floor(time / MS_PER_DAY)),
        ...values.map((column) =>
          column instanceof BigInt64Array ? Float64Array.from(column, Number) : column,
        ),
      ],
    };
  }
}
