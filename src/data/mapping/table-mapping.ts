/**
 * Mapping files for tables of a database. They are mapping files of bars with two more keys, or the short form that names
 * each logical field and its column:
 *
 *     fields: { datetime: trade_date, instrument: ts_code, open: open_li, …, fund_main_net: fund_main_net }
 *     units: { price: li, volume: hand, amount: li }
 *     adjustment: { prices: qfq, baseDay: 2024-12-31 }
 *     tables: { adjustment: market.adj_factor, factors: market.factor_daily }
 */
import { readFile } from "node:fs/promises";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { DataError } from "../errors.ts";
import { asDataError } from "../system-errors.ts";
import { checkMapping } from "./mapping-file.ts";
import { type BarMapping, barColumnNames } from "./mapping.ts";

export interface TableMappingFile {
  readonly bars: BarMapping;
  /** Logical names of further columns, in order, where the file names them one by one; else `bars.keep` says. */
  readonly others: ReadonlyMap<string, string> | null;
  readonly tables: { readonly adjustment?: string | undefined; readonly factors?: string | undefined };
}

const tablesSchema = z.strictObject({ adjustment: z.string().optional(), factors: z.string().optional() });
const fieldsSchema = z.record(z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/), z.string());
const keys = new Set(["datetime", "instrument", "time"]);

/** Reads a mapping file for a table. Throws DATA_MAPPING_INVALID naming the key, or DATA_FILE_MISSING. */
export async function readTableMapping(path: string): Promise<TableMappingFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw asDataError(error, { file: path, doing: "read" });
  }
  return parseTableMapping(text, path);
}

/** A mapping from YAML text. `origin` names it in errors. */
export function parseTableMapping(text: string, origin = "mapping"): TableMappingFile {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw invalid(`${origin}: ${error.message.split("\n", 1)[0]!}`, origin);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid(`${origin} holds no keys and values`, origin);
  const { tables = {}, fields, ...rest } = value as Record<string, unknown>;
  const joined = tablesSchema.safeParse(tables);
  if (!joined.success)
    throw invalid(`${origin}: key tables takes adjustment and factors, names of tables`, origin);
  const short = fields === undefined ? null : fieldsOf(fields, origin);
  const mapping = checkMapping(short === null ? rest : { ...short.mapping, ...rest }, origin);
  if (mapping.kind !== "bars")
    throw invalid(`${origin}: key kind is ${mapping.kind}; a table holds bars`, origin);
  if (!("column" in mapping.instrument))
    throw invalid(`${origin}: key instrument names no column; a table has a column of codes`, origin);
  return { bars: mapping, others: short?.others ?? null, tables: joined.data };
}

function isBar(name: string): boolean {
  return (barColumnNames as readonly string[]).includes(name);
}

function fieldsOf(
  fields: unknown,
  origin: string,
): { readonly mapping: Record<string, unknown>; readonly others: ReadonlyMap<string, string> } {
  const checked = fieldsSchema.safeParse(fields);
  if (!checked.success) {
    throw invalid(
      `${origin}: key fields takes logical names (lower-case letters, digits, _) and their columns`,
      origin,
    );
  }
  const { datetime = "trade_date", instrument = "ts_code", time } = checked.data;
  const entries = Object.entries(checked.data).filter(([name]) => !keys.has(name));
  return {
    mapping: {
      calendar: "XSHG",
      instrument: { column: instrument },
      date: datetime,
      ...(time === undefined
        ? {}
        : { time: { column: time, format: time === datetime ? "in-date" : "HH:mm:ss" } }),
      columns: Object.fromEntries(entries.filter(([name]) => isBar(name))),
    },
    others: new Map(entries.filter(([name]) => !isBar(name))),
  };
}

function invalid(found: string, file: string): DataError {
  return new DataError("DATA_MAPPING_INVALID", found, {
    remedy: "correct the key; docs/guides/postgresql.md shows both forms",
    place: { file },
  });
}
