/**
 * Stored bars as the fields Qlib's expressions read: prices × factor, volume ÷ factor, vwap = amount ÷ volume × factor,
 * amount and factor as they are. Bars that were stored adjusted (attribute `adjustment` other than `raw`) are used as
 * they are. They have a vwap only if the source gave one: amount ÷ volume is a raw price, on another scale.
 */
import type { InstrumentSeries, SeriesTable, Values } from "../series-table.ts";

const PRICES: ReadonlySet<string> = new Set(["open", "high", "low", "close", "preclose", "vwap"]);

/** Stored fields that {@link qlibFields} reads, when the store has them. */
export const QLIB_INPUTS = ["open", "high", "low", "close", "volume", "amount", "factor", "vwap"] as const;

/** A stored value by its field and factor: Qlib's adjusted value. Fields other than prices and volume keep theirs. */
export function adjustedValue(field: string, value: number, factor: number): number {
  if (PRICES.has(field)) return value * factor;
  return field === "volume" ? value / factor : value;
}

/** Where `vwap` comes from when the source gives none: amount ÷ volume, or (high + low + close) ÷ 3 if asked for. */
export type VwapRule = "amount" | "typical";

/** The rule that a table's fields allow, or null when there is no vwap to be had or one is stored. */
function vwapRuleOf(names: readonly string[], asked: VwapRule): VwapRule | null {
  if (names.includes("vwap")) return null;
  if (names.includes("amount") && names.includes("volume")) return "amount";
  return asked === "typical" && ["high", "low", "close"].every((name) => names.includes(name))
    ? "typical"
    : null;
}

/**
 * The table with adjusted columns, and `vwap` added where amount and volume are there, or, if `typical` is asked for, as
 * the typical price where they are not. Columns become float64.
 */
export function qlibFields(
  table: SeriesTable,
  options: { readonly vwap?: VwapRule } = {},
): SeriesTable & { readonly vwap: VwapRule | null } {
  const names = table.fields.map((field) => field.name);
  const vwap = vwapRuleOf(names, options.vwap ?? "amount");
  return {
    ...table,
    vwap,
    fields: [...names, ...(vwap === null ? [] : ["vwap"])].map((name) => ({ name, dtype: "f64" })),
    async *series() {
      for await (const series of table.series()) yield adjusted(series, vwap);
    },
  };
}

function adjusted(series: InstrumentSeries, vwap: VwapRule | null): InstrumentSeries {
  const raw = (series.attributes["adjustment"] ?? "raw") === "raw";
  const factor = series.columns.get("factor");
  const columns = new Map<string, Values>();
  for (const [name, values] of series.columns) {
    const moved = raw && factor !== undefined && name !== "factor";
    columns.set(
      name,
      moved ? Float64Array.from(values, (value, row) => adjustedValue(name, value, factor[row]!)) : values,
    );
  }
  if (vwap === "typical") {
    const [high, low, close] = ["high", "low", "close"].map((name) => columns.get(name)!);
    columns.set(
      "vwap",
      Float64Array.from(close!, (value, row) => (high![row]! + low![row]! + value) / 3),
    );
  }
  if (vwap === "amount") {
    const amount = series.columns.get("amount")!;
    const volume = series.columns.get("volume")!;
    columns.set(
      "vwap",
      Float64Array.from(amount, (value, row) =>
        raw && volume[row]! > 0 ? (value / volume[row]!) * (factor?.[row] ?? 1) : Number.NaN,
      ),
    );
  }
  return { ...series, columns };
}
