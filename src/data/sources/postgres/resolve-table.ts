/** Opens a table: catalogue, mapping or recognition, joined tables, clashes, types; then the units are checked on its rows. */
import { parseDay } from "#market/day";
import { withoutPrefix } from "../bars/select-bars.ts";
import { DataError } from "../../errors.ts";
import { type BarMapping, barColumnNames } from "../../mapping/mapping.ts";
import type { TableMappingFile } from "../../mapping/table-mapping.ts";
import type { Adjustment } from "../../source.ts";
import { type CatalogueTable, columnOf, hasTable, tableOf } from "./catalogue.ts";
import { columnNamed, sqlColumn, sqlTable, type TableName, tableNamed, textOfTable } from "./identifier.ts";
import { type PostgresLocator, textOfLocator } from "./locator.ts";
import { keysByName, recogniseTable } from "./recognise-table.ts";
import { dayExpression } from "./select-table.ts";
import type { PostgresSession } from "./session.ts";
import {
  calendarZones,
  isDateType,
  isTextType,
  type KeyColumns,
  numberKind,
  type ResolvedTable,
  type TableField,
} from "./table-mapping.ts";

/** Looked for beside a table of unadjusted bars that has no factor of its own. */
export const ADJUSTMENT_TABLE = "adj_factor";
const barNames: ReadonlySet<string> = new Set(barColumnNames);

/**
 * The table of a locator. Throws SOURCE_TABLE_MISSING, SOURCE_COLUMN_MISSING, SOURCE_COLUMN_TYPE, SOURCE_COLUMN_CLASH,
 * SOURCE_NAME_INVALID, SOURCE_NOT_PERMITTED, and what recognising throws.
 */
export async function resolveTable(
  session: PostgresSession,
  locator: PostgresLocator,
  file?: TableMappingFile,
): Promise<ResolvedTable> {
  const table = await tableOf(session, locator.table);
  const recognised = file === undefined ? await recogniseTable(session, table) : null;
  const mapping = file?.bars ?? recognised!.mapping;
  const reasons = [
    ...(recognised?.reasons ?? ["columns, units and adjustment are taken from the mapping file"]),
  ];
  if (!("column" in mapping.instrument))
    throw new TypeError("the mapping of a table names a column of codes");
  const keys = keysOf(table, { instrument: mapping.instrument.column, date: mapping.date.column });
  const bars = { ...keys, time: timeColumnOf(table, mapping) };
  const own = ownFields(table, mapping, file?.others ?? null);
  const joined: ResolvedTable["joined"][number][] = [];
  const fields = [...own.fields];
  const wanted = { ...named(file?.tables ?? {}), ...locator };
  const adjustment = await adjustmentTable(session, { table, wanted, mapping, fields });
  if (adjustment !== null) {
    joined.push({ ...(await joinedTable(session, adjustment)), part: "adjustment" });
    fields.push(factorField(joined.at(-1)!));
    reasons.push(
      `the adjustment factor is ${fields.at(-1)!.column} of ${textOfTable(adjustment)}, by code and date`,
    );
  }
  if (wanted.factors !== undefined) {
    const factors = await joinedTable(session, wanted.factors);
    joined.push({ ...factors, part: "factors" });
    fields.push(...factorFields(factors, own.missing));
    reasons.push(`${textOfTable(wanted.factors)} is joined by code and date`);
  } else if (own.missing.size > 0) {
    for (const column of own.missing.values()) columnOf(table, column);
  }
  refuseClashes(fields);
  const timeZone = mapping.timeZone ?? calendarZones[mapping.calendar];
  return {
    locator: textOfLocator({
      table: locator.table,
      ...(locator.adjustment && { adjustment: locator.adjustment }),
      ...(locator.factors && { factors: locator.factors }),
    }),
    shape: mapping.shape,
    freq: mapping.freq,
    calendar: mapping.calendar,
    timeZone,
    stamp: mapping.stamp,
    instrument: mapping.instrument,
    adjustment: await adjustmentOf(session, mapping, { keys, timeZone }),
    bars,
    joined,
    fields,
    reasons,
    doubts: [
      ...(recognised?.doubts ?? []),
      ...(table.refused.length === 0
        ? []
        : [
            `columns whose names are no plain identifiers are not read: ${table.refused.map((name) => JSON.stringify(name)).join(", ")}`,
          ]),
    ],
  };
}

function keysOf(
  table: CatalogueTable,
  { instrument, date }: { readonly instrument: string; readonly date: string },
): KeyColumns {
  const code = columnOf(table, columnNamed(instrument));
  if (!isTextType(code.type)) throw badType(table, code, "an instrument code");
  const day = columnOf(table, columnNamed(date));
  if (!isDateType(day.type)) throw badType(table, day, "a date");
  return { table, instrument, date };
}

function timeColumnOf(table: CatalogueTable, { freq, time, date }: BarMapping): string | null {
  if (freq === "day" || time === undefined || time.column === date.column) return null;
  const column = columnOf(table, columnNamed(time.column));
  if (!/^(time|timestamp|timestamptz|text|varchar|bpchar)$/.test(column.type))
    throw badType(table, column, "a time");
  return column.name;
}

/** Fields of the bars' own table; `missing` are logical names whose columns it does not have. */
function ownFields(
  table: CatalogueTable,
  mapping: BarMapping,
  others: ReadonlyMap<string, string> | null,
): { readonly fields: TableField[]; readonly missing: ReadonlyMap<string, string> } {
  const text = textOfTable(table.name);
  const fields: TableField[] = [];
  const missing = new Map<string, string>();
  const taken = new Set([mapping.date.column, mapping.time?.column]);
  if ("column" in mapping.instrument) taken.add(mapping.instrument.column);
  const add = (name: string, column: string, unit: string | undefined): void => {
    const found = columnOf(table, columnNamed(column));
    const kind = numberKind(found.type);
    if (kind === undefined) throw badType(table, found, name);
    taken.add(column);
    fields.push({ name, part: "bars", table: text, column, kind, ...(unit === undefined ? {} : { unit }) });
  };
  for (const name of barColumnNames) {
    const column = mapping.columns[name];
    if (column !== undefined) add(name, column, unitOf(mapping, name));
  }
  if (others !== null) {
    for (const [name, column] of others) {
      columnNamed(column);
      if (table.columns.some((each) => each.name === column)) add(name, column, mapping.units.other?.[name]);
      else missing.set(name, column);
    }
    return { fields, missing };
  }
  const kept =
    mapping.keep === "none"
      ? []
      : mapping.keep === "all"
        ? table.columns
            .filter(({ name, type }) => !taken.has(name) && numberKind(type) !== undefined)
            .map(({ name }) => name)
        : mapping.keep;
  for (const column of kept) {
    const plain = withoutPrefix(column, mapping.prefix);
    add(barNames.has(plain) ? `source_${plain}` : plain, column, mapping.units.other?.[column]);
  }
  return { fields, missing };
}

function unitOf(mapping: BarMapping, name: (typeof barColumnNames)[number]): string | undefined {
  if (name === "factor" || name === "status") return undefined;
  const isPrice = name !== "volume" && name !== "amount";
  return mapping.units[name] ?? (isPrice ? mapping.units.price : undefined);
}

function named(tables: TableMappingFile["tables"]): { adjustment?: TableName; factors?: TableName } {
  return {
    ...(tables.adjustment === undefined ? {} : { adjustment: tableNamed(tables.adjustment) }),
    ...(tables.factors === undefined ? {} : { factors: tableNamed(tables.factors) }),
  };
}

/** The table of adjustment factors: the one asked for, or that of the same schema when bars are raw and have none. */
async function adjustmentTable(
  session: PostgresSession,
  about: {
    readonly table: CatalogueTable;
    readonly wanted: { readonly adjustment?: TableName };
    readonly mapping: BarMapping;
    readonly fields: readonly TableField[];
  },
): Promise<TableName | null> {
  const { table, wanted, mapping, fields } = about;
  if (wanted.adjustment !== undefined) return wanted.adjustment;
  const has = (name: string): boolean => fields.some((field) => field.name === name);
  if (mapping.adjustment.prices !== "raw" || has("factor")) return null;
  const beside = { schema: table.name.schema, table: ADJUSTMENT_TABLE };
  return (await hasTable(session, beside)) ? beside : null;
}

async function joinedTable(session: PostgresSession, name: TableName): Promise<KeyColumns> {
  const table = await tableOf(session, name);
  const { instrument, date } = keysByName(table);
  if (instrument !== undefined && date !== undefined) return { table, instrument, date };
  throw new DataError(
    "SOURCE_COLUMN_MISSING",
    `${textOfTable(name)} has no column of ${instrument === undefined ? "instrument codes" : "dates"} to join it by; it has ${table.columns.map((column) => column.name).join(", ")}`,
    {
      remedy: "call them ts_code and trade_date, or join a view that does",
      place: { file: textOfTable(name) },
    },
  );
}

function factorField({ table }: KeyColumns): TableField {
  const text = textOfTable(table.name);
  const column =
    table.columns.find(({ name }) => /^(adj_?factor|adjust_factor|ex_factor|factor)$/.test(name)) ??
    columnOf(table, "adj_factor");
  const kind = numberKind(column.type);
  if (kind === undefined) throw badType(table, column, "an adjustment factor");
  return { name: "factor", part: "adjustment", table: text, column: column.name, kind };
}

/** All columns of numbers of a factor table, or those the mapping asks for. */
function factorFields(keys: KeyColumns, wanted: ReadonlyMap<string, string>): TableField[] {
  const { table } = keys;
  const text = textOfTable(table.name);
  const fieldOf = (name: string, column: string): TableField => {
    const found = columnOf(table, column);
    const kind = numberKind(found.type);
    if (kind === undefined) throw badType(table, found, name);
    return { name, part: "factors", table: text, column, kind };
  };
  if (wanted.size > 0) return [...wanted].map(([name, column]) => fieldOf(name, column));
  return table.columns
    .filter(
      ({ name, type }) => name !== keys.instrument && name !== keys.date && numberKind(type) !== undefined,
    )
    .map(({ name }) => fieldOf(name, name));
}

function refuseClashes(fields: readonly TableField[]): void {
  const seen = new Map<string, TableField>();
  for (const field of fields) {
    const other = seen.get(field.name);
    if (other !== undefined) {
      throw new DataError(
        "SOURCE_COLUMN_CLASH",
        `"${field.name}" is both column ${other.column} of ${other.table} and column ${field.column} of ${field.table}`,
        {
          remedy: "name the columns one by one under fields in a mapping file, each with a name of its own",
          place: { file: field.table, column: field.column },
        },
      );
    }
    seen.set(field.name, field);
  }
}

/** The base of front-adjusted prices that no mapping states is the table's last day. */
async function adjustmentOf(
  session: PostgresSession,
  { adjustment }: BarMapping,
  { keys, timeZone }: { readonly keys: KeyColumns; readonly timeZone: string },
): Promise<Adjustment> {
  if (adjustment.prices !== "qfq") {
    const tolerance = "exDayTolerance" in adjustment ? adjustment.exDayTolerance : undefined;
    return { kind: adjustment.prices, ...(tolerance === undefined ? {} : { exDayTolerance: tolerance }) };
  }
  const stated = parseDay(adjustment.baseDay);
  const last = await lastDay(session, keys, timeZone);
  // A base that was recognised is that of the instruments looked at: the whole table's last day is no earlier.
  return { kind: "qfq", baseDay: Number.isNaN(stated) ? last : stated };
}

/** The last day of a table; NaN when it is empty. */
export async function lastDay(
  session: PostgresSession,
  { table, date }: KeyColumns,
  timeZone: string,
): Promise<number> {
  const column = columnOf(table, date);
  const day = dayExpression("t", { ...column, type: column.type }, timeZone);
  const greatest = column.type === "date" ? `max(t.${sqlColumn(date)})` : `max(${day})`;
  const [row] = await session.query(
    `SELECT to_char(${greatest}, 'YYYY-MM-DD') AS last FROM ${sqlTable(table.name)} t`,
  );
  return parseDay(String(row!["last"]));
}

function badType(
  table: CatalogueTable,
  column: { readonly name: string; readonly type: string },
  what: string,
): DataError {
  const text = textOfTable(table.name);
  return new DataError(
    "SOURCE_COLUMN_TYPE",
    `column ${column.name} of ${text} is of type ${column.type}, which cannot be read as ${what}`,
    { remedy: "name another column, or a view that casts it", place: { file: text, column: column.name } },
  );
}
