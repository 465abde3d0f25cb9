/**
 * What a table's columns mean: the mapping of a file's columns (`BarMapping`), resolved against the catalogue, with the
 * tables that are joined to it. A column has a logical name, which everything after the door uses, and one of the server.
 */
import { unitNamed } from "#market/units";
import type { Adjustment } from "../../source.ts";
import type { BarMapping } from "../../mapping/mapping.ts";
import type { CatalogueTable } from "./catalogue.ts";
import type { WireKind } from "./row-decoder.ts";

/** Which table a column is read from: the bars' own, that of the adjustment factors, or that of the factors. */
export type TablePart = "bars" | "adjustment" | "factors";

export interface TableField {
  /** Logical name: `close`, `fund_main_net`, `label_ret_1d`. */
  readonly name: string;
  readonly part: TablePart;
  /** The table as it is spelled, and its column. */
  readonly table: string;
  readonly column: string;
  readonly kind: WireKind;
  /** As the mapping spells it; absent when the numbers are taken as they are. */
  readonly unit?: string;
}

/** Columns that say which row it is. */
export interface KeyColumns {
  readonly table: CatalogueTable;
  readonly instrument: string;
  readonly date: string;
}

export interface ResolvedTable {
  /** `postgres:market.kline_daily_raw`, with the joined tables. */
  readonly locator: string;
  readonly shape: string;
  readonly freq: BarMapping["freq"];
  readonly calendar: BarMapping["calendar"];
  /** In which a moment (`timestamptz`) is a day of the exchange. */
  readonly timeZone: string;
  readonly stamp: "start" | "end";
  readonly instrument: BarMapping["instrument"];
  readonly adjustment: Adjustment;
  readonly bars: KeyColumns & {
    /** Column with the time of the day, when the date column has none. */
    readonly time: string | null;
  };
  readonly joined: readonly (KeyColumns & { readonly part: Exclude<TablePart, "bars"> })[];
  readonly fields: readonly TableField[];
  readonly reasons: readonly string[];
  readonly doubts: readonly string[];
}

/** Zones of the exchanges: sources stamp with the exchange's clock. */
export const calendarZones: Readonly<Record<BarMapping["calendar"], string>> = {
  XSHG: "Asia/Shanghai",
  XNYS: "America/New_York",
  XHKG: "Asia/Hong_Kong",
  "24x7": "UTC",
};

const kinds: Readonly<Record<string, WireKind>> = {
  float8: "float8",
  float4: "float4",
  int2: "int2",
  int4: "int4",
  int8: "int8",
  numeric: "numeric",
  bool: "bool",
};

/** How a column of numbers comes over the wire; undefined for other types. */
export function numberKind(type: string): WireKind | undefined {
  return kinds[type];
}

/** Whether a column of this type can be a date. */
export function isDateType(type: string): boolean {
  return /^(date|timestamp|timestamptz|text|varchar|bpchar|int4|int8)$/.test(type);
}

export function isTextType(type: string): boolean {
  return /^(text|varchar|bpchar|name)$/.test(type);
}

/** The power of ten by which a field's numbers are multiplied to be canonical. */
export function exponentOf({ unit }: TableField): number {
  return unit === undefined ? 0 : unitNamed(unit).exponent;
}
