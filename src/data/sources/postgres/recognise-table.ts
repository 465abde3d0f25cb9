/**
 * What a table's columns mean when no mapping says so: some instruments are read whole, and recognised as a file would be.
 * Names have the last word where they state something: `close_li`, `volume_hand`, a table called `…_qfq`.
 */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { to } from "pg-copy-streams";
import { unitHints } from "../../detection/evidence/unit-hints.ts";
import { columnNames } from "../../detection/column-names.ts";
import { detect } from "../../detection/detect.ts";
import { Scratch } from "../../archive/scratch.ts";
import { DataError } from "../../errors.ts";
import type { BarMapping } from "../../mapping/mapping.ts";
import type { CatalogueTable } from "./catalogue.ts";
import { sqlColumn, sqlLiteral, sqlTable, textOfTable } from "./identifier.ts";
import type { PostgresSession } from "./session.ts";
import { isDateType, isTextType, numberKind } from "./table-mapping.ts";

/** Instruments that are looked at, and rows of all of them together. */
const INSTRUMENTS = 24;
const ROWS = 120_000;

export interface RecognisedTable {
  readonly mapping: BarMapping;
  readonly reasons: readonly string[];
  readonly doubts: readonly string[];
}

/** Columns of codes and of dates by their names and types; undefined when there is none. */
export function keysByName(table: CatalogueTable): {
  readonly instrument: string | undefined;
  readonly date: string | undefined;
} {
  const names = columnNames(table.columns.map(({ name }) => name));
  const typeOf = new Map(table.columns.map(({ name, type }) => [name, type]));
  const instrument = names.role("instrument");
  const date = names.role("date");
  return {
    instrument: instrument !== undefined && isTextType(typeOf.get(instrument)!) ? instrument : undefined,
    date: date !== undefined && isDateType(typeOf.get(date)!) ? date : undefined,
  };
}

/**
 * Recognises a table of bars. Throws DATA_SHAPE_UNKNOWN or DATA_KIND_OTHER when it is none, DATA_FILE_EMPTY without rows,
 * DATA_UNITS_MIXED.
 */
export async function recogniseTable(
  session: PostgresSession,
  table: CatalogueTable,
): Promise<RecognisedTable> {
  const text = textOfTable(table.name);
  const { instrument, date } = keysByName(table);
  if (instrument === undefined || date === undefined) {
    throw unknownTable(table, instrument === undefined ? "instrument codes" : "dates");
  }
  await using scratch = new Scratch();
  const path = await scratch.pathFor(".csv");
  const rows = await copySample(session, table, { instrument, date, path });
  if (rows === 0) {
    throw new DataError(
      "DATA_FILE_EMPTY",
      `${text} has columns (${table.columns.map(({ name }) => name).join(", ")}) and no row`,
      {
        remedy: "name a table that holds bars",
        place: { file: text },
      },
    );
  }
  const found = await detect(path).catch((error: unknown) => {
    throw named(error, path, text);
  });
  if (found.mapping.kind !== "bars") {
    throw new DataError(
      "DATA_KIND_OTHER",
      `${text} is recognised as ${found.mapping.kind} (${found.shape}), not bars`,
      {
        remedy: "name another table, or give a mapping file if the recognition is wrong (--mapping)",
        place: { file: text },
      },
    );
  }
  const say = (sentence: string): string =>
    sentence.replaceAll(path, text).replaceAll(path.split("/").at(-1)!, text);
  return withNames(table, {
    mapping: withoutBase(found.mapping),
    reasons: [
      `the rows of up to ${INSTRUMENTS} instruments of ${text} were looked at`,
      ...found.reasons.map(say),
    ],
    doubts: found.doubts.map(say),
  });
}

/** Rows of instruments spread over the table, as CSV. */
async function copySample(
  session: PostgresSession,
  table: CatalogueTable,
  { instrument, date, path }: { readonly instrument: string; readonly date: string; readonly path: string },
): Promise<number> {
  const code = sqlColumn(instrument);
  const codes = (
    await session.query(
      `SELECT DISTINCT ${code}::text AS code FROM ${sqlTable(table.name)} WHERE ${code} IS NOT NULL`,
    )
  )
    .map((row) => String(row["code"]))
    .sort();
  const step = Math.max(1, codes.length / INSTRUMENTS);
  const chosen = Array.from(
    { length: Math.min(INSTRUMENTS, codes.length) },
    (_, at) => codes[Math.floor(at * step)]!,
  );
  if (chosen.length === 0) return 0;
  const readable = table.columns.filter(
    ({ type }) => numberKind(type) !== undefined || isDateType(type) || isTextType(type) || type === "time",
  );
  const columns = readable.map(({ name, type }) =>
    type === "timestamptz"
      ? `(${sqlColumn(name)} AT TIME ZONE 'Asia/Shanghai') AS ${sqlColumn(name)}`
      : sqlColumn(name),
  );
  const sql =
    `SELECT ${columns.join(", ")} FROM ${sqlTable(table.name)} ` +
    `WHERE ${code} = ANY (ARRAY[${chosen.map(sqlLiteral).join(", ")}]::text[]) ` +
    `ORDER BY ${sqlColumn(date)} DESC LIMIT ${ROWS}`;
  try {
    // In the order of a file: by instrument, then by date.
    const ordered = `SELECT * FROM (${sql}) s ORDER BY ${code}, ${sqlColumn(date)}`;
    const stream = session.client.query(to(`COPY (${ordered}) TO STDOUT (FORMAT csv, HEADER)`));
    await pipeline(stream, createWriteStream(path));
    return stream.rowCount;
  } catch (error) {
    throw session.failure(error, `looking at ${textOfTable(table.name)}`);
  }
}

/** What the names state, over what the numbers suggested. */
function withNames(table: CatalogueTable, found: RecognisedTable): RecognisedTable {
  const { mapping } = found;
  const { close, volume, amount } = mapping.columns;
  const sample = { names: columnNames(table.columns.map(({ name }) => name)), head: [] };
  const hints = unitHints(sample as unknown as Parameters<typeof unitHints>[0], { close, volume, amount });
  const units = { ...mapping.units };
  const reasons = [...found.reasons];
  for (const [key, column] of [
    ["price", close],
    ["volume", volume],
    ["amount", amount],
  ] as const) {
    const stated = hints[key];
    if (stated === undefined || stated === units[key]) continue;
    units[key] = stated;
    reasons.push(`the name ${column!} says that ${key} is in ${stated}`);
  }
  const suffix = /_(qfq|hfq|raw)$/.exec(table.name.table)?.[1];
  if (suffix === undefined) return { ...found, mapping: { ...mapping, units }, reasons };
  const stated = suffix as "qfq" | "hfq" | "raw";
  const own = mapping.adjustment.prices;
  if (own !== stated) reasons.push(`the name of the table says that prices are ${stated}`);
  const adjustment: BarMapping["adjustment"] =
    stated === "qfq"
      ? { prices: "qfq", baseDay: "" }
      : stated === own
        ? mapping.adjustment
        : { prices: stated };
  return {
    mapping: { ...mapping, units, adjustment, shape: shapeOf(mapping.shape, stated) },
    reasons,
    doubts: found.doubts,
  };
}

/** The last day of the instruments looked at is not that of the table: the base is left open. */
function withoutBase(mapping: BarMapping): BarMapping {
  if (mapping.adjustment.prices !== "qfq") return mapping;
  return { ...mapping, adjustment: { prices: "qfq", baseDay: "" } };
}

function shapeOf(shape: string, prices: "qfq" | "hfq" | "raw"): string {
  const plain = shape.replace(/-(qfq|hfq)$/, "");
  return prices === "raw" ? plain : `${plain}-${prices}`;
}

/** The failure with the table's name where the sample's path stands. */
function named(error: unknown, path: string, text: string): unknown {
  if (!(error instanceof DataError)) return error;
  return new DataError(error.code, error.message.replaceAll(path, text), {
    remedy: error.remedy,
    place: { ...error.place, file: text },
  });
}

function unknownTable(table: CatalogueTable, what: string): DataError {
  const text = textOfTable(table.name);
  return new DataError(
    "DATA_SHAPE_UNKNOWN",
    `${text}: none of the columns (${table.columns.map(({ name }) => name).join(", ")}) is known to hold ${what}`,
    {
      remedy: "write a mapping file that says which column is which (docs/guides/postgresql.md)",
      place: { file: text },
    },
  );
}
