/** What a bar source delivers, in words: the answer of `describe()`. */
import { parseDay } from "#market/day";
import type { BarMapping } from "../../mapping/mapping.ts";
import type { Adjustment, SourceDescription } from "../../source.ts";
import { type SourceFile, placeOf } from "../locator.ts";
import type { DeliveredColumn } from "./select-bars.ts";

const currencies = { XSHG: "CNY", XNYS: "USD", XHKG: "HKD", "24x7": "quote currency" } as const;
const prices: ReadonlySet<string> = new Set(["open", "high", "low", "close", "preclose", "vwap", "amount"]);

export function describeBars(parts: {
  readonly locator: string;
  readonly mapping: BarMapping;
  readonly columns: readonly DeliveredColumn[];
  readonly files: readonly SourceFile[];
  readonly reasons: readonly string[];
}): SourceDescription {
  const { mapping, columns } = parts;
  const fields = columns.map((column) => ({
    name: column.name,
    unit: canonicalUnit(column.name, mapping),
    from:
      column.unit === undefined
        ? column.source
        : `${column.source} in ${column.unit}${column.exponent === 0 ? "" : ` × 10^${column.exponent}`}`,
  }));
  if ("factorFiles" in mapping.adjustment && mapping.adjustment.factorFiles !== undefined) {
    fields.push({ name: "factor", unit: "ratio", from: mapping.adjustment.factorFiles });
  }
  return {
    locator: parts.locator,
    shape: mapping.shape,
    reasons: parts.reasons,
    freq: mapping.freq,
    calendar: mapping.calendar,
    adjustment: adjustmentOf(mapping),
    fields,
    files: parts.files.map(placeOf),
  };
}

function canonicalUnit(name: string, mapping: BarMapping): string {
  if (prices.has(name)) return currencies[mapping.calendar];
  if (name === "volume") return mapping.calendar === "24x7" ? "base asset" : "shares";
  if (name === "factor" || name === "status") return "ratio";
  return mapping.units.other?.[name] === undefined ? "as the source has it" : "canonical";
}

function adjustmentOf({ adjustment }: BarMapping): Adjustment {
  if (adjustment.prices === "qfq") return { kind: "qfq", baseDay: parseDay(adjustment.baseDay) };
  const tolerance = "exDayTolerance" in adjustment ? adjustment.exDayTolerance : undefined;
  return { kind: adjustment.prices, ...(tolerance === undefined ? {} : { exDayTolerance: tolerance }) };
}
