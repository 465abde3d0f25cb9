/**
 * Financial statements of a reference table as point-in-time records: what the expressions' `P` reads, whatever the
 * source. Same form as the records of a Qlib directory.
 */
import { DataError } from "#data/errors";
import type { FinancialRecords } from "#data/sources/qlib-bin/financial";
import { isoOf, parseDay } from "#market/day";
import type { Fact, ReferenceTable } from "./reference-table.ts";

/** Records of one column by instrument, in the order of announcement. Rows without a value or a period are left out. */
export async function statementsOf(
  table: ReferenceTable,
  column: string,
): Promise<ReadonlyMap<string, FinancialRecords>> {
  const rows = await table.rows(["period", column]);
  const usable = rows.flatMap((fact) => {
    const [period, value] = fact.value;
    return typeof value === "number" && period !== null && period !== undefined
      ? [{ ...fact, value, period: periodOf(period, table) }]
      : [];
  });
  const records = new Map<string, FinancialRecords>();
  for (const [instrument, own] of Map.groupBy(usable, (fact) => fact.instrument)) {
    const ordered = own.toSorted((a, b) => a.knownAt - b.knownAt || a.period - b.period);
    records.set(instrument, {
      periods: Int32Array.from(ordered, ({ period }) => period),
      announced: Int32Array.from(ordered, ({ knownAt }) => knownAt),
      values: Float64Array.from(ordered, ({ value }) => value),
    });
  }
  return records;
}

/** `201803` for a quarter (also from its last day, `20180930`), `2018` for a year. Throws DATA_DATE_INVALID. */
function periodOf(value: Fact<string | number>["value"], table: ReferenceTable): number {
  const text = String(value);
  if (/^\d{4}$/.test(text) || /^\d{4}0[1-4]$/.test(text)) return Number(text);
  const day = parseDay(text.slice(0, 10));
  if (!Number.isNaN(day)) {
    const [year, month] = isoOf(day).split("-").map(Number);
    return year! * 100 + Math.ceil(month! / 3);
  }
  throw new DataError("DATA_DATE_INVALID", `the reference table "${table.table}" has the period "${text}"`, {
    remedy: "write periods as 201803 (year and quarter), as the quarter's last day, or as a year",
    place: { column: "period" },
  });
}
