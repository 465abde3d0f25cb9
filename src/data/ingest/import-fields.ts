/** Which stored field each column of a source becomes: the set `bars` in canonical units, everything else in `extra`. */
import type { Adjustment, SourceDescription } from "#data/source";
import type { FieldSet, StoredField, StoreSnapshot } from "#data/store/panel-store";

/** Fields of the set `bars`, in this order; only those that some source gave exist. */
export const BAR_FIELDS = [
  "open",
  "high",
  "low",
  "close",
  "preclose",
  "volume",
  "amount",
  "factor",
  "status",
] as const;

/** Where a source's own cumulative factor is kept when the stored one is derived from it. */
export const SOURCE_FACTOR = "source_factor";

const isBar: ReadonlySet<string> = new Set(BAR_FIELDS);

/** Stored field of a source's column. The factor of bars that come adjusted with it stays as it is. */
export function storedName(column: string, adjustment: Adjustment["kind"]): string {
  return column === "factor" && adjustment !== "hfq" ? SOURCE_FACTOR : column;
}

export function setOf(field: string): "bars" | "extra" {
  return isBar.has(field) ? "bars" : "extra";
}

/** The sets as they will be: stored fields as they are, new ones with this import as their origin. */
export function fieldSetsOf(
  base: StoreSnapshot | null,
  columns: readonly string[],
  origin: { readonly description: SourceDescription; readonly engine: string },
): { readonly bars: FieldSet; readonly extra: FieldSet } {
  const { description, engine } = origin;
  const lineage = { from: description.locator, engine, inputGeneration: base?.generation ?? 0 };
  const units = new Map(description.fields.map(({ name, unit }) => [name, unit]));
  const names = new Set(columns.map((column) => storedName(column, description.adjustment.kind)));
  names.add("factor");
  const setNamed = (set: "bars" | "extra", order: readonly string[]): FieldSet => {
    const stored = new Map(base?.fieldSets.get(set)?.fields.map((field) => [field.name, field]));
    const all = new Set([...order, ...stored.keys()]);
    const fields: StoredField[] = [];
    for (const name of all) {
      if (!stored.has(name) && !names.has(name)) continue;
      const unit = name === "factor" || name === SOURCE_FACTOR ? "ratio" : (units.get(name) ?? "");
      fields.push(stored.get(name) ?? { name, dtype: "f64", unit, lineage });
    }
    return { name: set, role: "market", fields };
  };
  const extra = [...names].filter((name) => setOf(name) === "extra").sort();
  return { bars: setNamed("bars", BAR_FIELDS), extra: setNamed("extra", extra) };
}
