/** What a table delivers, in words. */
import type { SourceDescription } from "../../source.ts";
import { exponentOf, type ResolvedTable, type TableField } from "./table-mapping.ts";

const currencies = { XSHG: "CNY", XNYS: "USD", XHKG: "HKD", "24x7": "quote currency" } as const;
const money: ReadonlySet<string> = new Set(["open", "high", "low", "close", "preclose", "vwap", "amount"]);

/** Canonical unit of a field. */
export function unitOfField(field: TableField, { calendar }: Pick<ResolvedTable, "calendar">): string {
  if (money.has(field.name)) return currencies[calendar];
  if (field.name === "volume") return calendar === "24x7" ? "base asset" : "shares";
  if (field.name === "factor" || field.name === "status") return "ratio";
  return field.unit === undefined ? "as the source has it" : "canonical";
}

/** `market.kline_daily_qfq.close_li in li × 10^-3`. */
export function originOfField(field: TableField): string {
  const exponent = exponentOf(field);
  const unit =
    field.unit === undefined ? "" : ` in ${field.unit}${exponent === 0 ? "" : ` × 10^${exponent}`}`;
  return `${field.table}.${field.column}${unit}`;
}

export function describeTable(table: ResolvedTable): SourceDescription {
  return {
    locator: table.locator,
    shape: table.shape,
    reasons: [...table.reasons, ...table.doubts.map((doubt) => `doubt: ${doubt}`)],
    freq: table.freq,
    calendar: table.calendar,
    adjustment: table.adjustment,
    fields: table.fields.map((field) => ({
      name: field.name,
      unit: unitOfField(field, table),
      from: originOfField(field),
    })),
    files: [],
  };
}
