/** What a store has to export: its bars in the usual order, further market fields, and the factor and label sets stored. */
import type { StoredField, StoreSnapshot } from "#data/store/panel-store";
import { isStateSet } from "#data/store/state-sets";
import type { FactorRegistry } from "#factors/registry";
import { barFields, isBarField } from "#market/bar";
import { BAR_COLUMNS } from "./column-order.ts";
import { venueCurrency } from "./column-units.ts";
import type { SnapshotColumn } from "./snapshot-source.ts";

/** Where a column's values lie. `derived`: made from others of the bars. */
export interface StoreColumn extends SnapshotColumn {
  readonly field: string;
  readonly derived: "vwap" | "factor" | null;
}

const MEANINGS: Readonly<Record<string, string>> = {
  factor:
    "adjustment factor: exported price / traded price; where prices are exported as traded, the cumulative factor, 1 on the first stored bar",
  vwap: "volume-weighted average price of the day: amount / volume, adjusted like the other prices",
};

/** Columns in order; a market field goes by its own name, a factor by `set.field`. */
export function storeColumns(snapshot: StoreSnapshot, registry?: FactorRegistry): readonly StoreColumn[] {
  const bars = snapshot.fieldSets.get("bars")?.fields ?? [];
  const stored = new Map(bars.map((field) => [field.name, field]));
  const currency = venueCurrency(snapshot.key.calendar);
  const columns: StoreColumn[] = [];
  const market = (set: string, name: string, field: StoredField): void => {
    const title = isBarField(name) ? barFields[name].title : `${name}, as imported`;
    columns.push({
      name,
      field: field.name,
      set,
      role: "market",
      dtype: field.dtype,
      unit: unitOf(name, field.unit, currency),
      description: MEANINGS[name] ?? title,
      lineage: field.lineage.from,
      derived: null,
    });
  };
  for (const name of [...BAR_COLUMNS, ...stored.keys()].filter((each, at, all) => all.indexOf(each) === at)) {
    const field = stored.get(name);
    if (field !== undefined) market("bars", name, field);
    else if (name === "vwap" && stored.has("amount") && stored.has("volume"))
      columns.push(derivedColumn("vwap", { unit: currency, lineage: "amount / volume" }));
    else if (name === "factor") columns.push(derivedColumn("factor", { unit: "ratio", lineage: "1" }));
  }
  const taken = new Set(columns.map(({ name }) => name));
  for (const field of snapshot.fieldSets.get("extra")?.fields ?? [])
    market("extra", taken.has(field.name) ? `extra.${field.name}` : field.name, field);
  for (const set of snapshot.fieldSets.values()) {
    if (set.role !== "factor" && set.role !== "label") continue;
    if (isStateSet(set.name)) continue;
    for (const field of set.fields)
      columns.push(computedColumn({ set: set.name, role: set.role }, field, registry));
  }
  return columns;
}

function derivedColumn(
  name: "vwap" | "factor",
  { unit, lineage }: { readonly unit: string; readonly lineage: string },
): StoreColumn {
  const description = MEANINGS[name]!;
  return {
    name,
    field: name,
    set: "bars",
    role: "market",
    dtype: "f64",
    unit,
    description,
    lineage,
    derived: name,
  };
}

function computedColumn(
  { set, role }: { readonly set: string; readonly role: "factor" | "label" },
  field: StoredField,
  registry?: FactorRegistry,
): StoreColumn {
  const name = `${set}.${field.name}`;
  const factor = registry?.find(name)?.factor;
  const said = [factor?.title?.en, factor?.description?.en].filter((text) => text !== undefined).join(": ");
  return {
    name,
    field: field.name,
    set,
    role,
    dtype: field.dtype,
    unit: factor?.unit ?? field.unit,
    description: said === "" ? field.lineage.from : said,
    lineage: field.lineage.from,
    derived: null,
  };
}

function unitOf(name: string, stored: string, currency: string): string {
  const measure = isBarField(name) ? barFields[name].measure : null;
  if (measure === "currency") return currency;
  return measure === "quantity" ? "shares" : (measure ?? stored);
}
