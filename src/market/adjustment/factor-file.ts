import { isoOf, parseDay, type Day } from "../day.ts";
import { MarketError } from "../errors.ts";

/**
 * QuantConnect's factor files: lines `yyyyMMdd,price factor,split factor,reference price`, in order of date. Both
 * factors scale prices of days up to the line's date to the last line's scale: the split factor for splits, the
 * price factor for dividends and spin-offs. The reference price is the raw close of the line's date.
 */
export interface FactorFileRow {
  readonly day: Day;
  readonly priceFactor: number;
  readonly splitFactor: number;
  /** Raw close on `day`; 0 on the last line. */
  readonly reference: number;
}

/** Reads the text of a factor file. Throws MARKET_FACTOR_INVALID with the line number. */
export function parseFactorFile(text: string): FactorFileRow[] {
  const rows: FactorFileRow[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const [date = "", price = "", split = "", reference = ""] = line.split(",");
    const row = {
      day: parseDay(date.trim()),
      priceFactor: positive(price),
      splitFactor: positive(split),
      reference: reference.trim() === "" ? 0 : Number(reference),
    };
    const bad = Number.isNaN(row.day + row.priceFactor + row.splitFactor + row.reference);
    if (bad) throw invalid(`line ${index + 1} is "${line}"`);
    const before = rows.at(-1);
    if (before !== undefined && before.day >= row.day) {
      throw invalid(`line ${index + 1} has ${isoOf(row.day)} after ${isoOf(before.day)}`);
    }
    rows.push(row);
  }
  if (rows.length === 0) throw invalid("there is no line");
  return rows;
}

function positive(text: string): number {
  const value = Number(text);
  return text.trim() !== "" && value > 0 && Number.isFinite(value) ? value : Number.NaN;
}

function invalid(found: string): MarketError {
  return new MarketError("MARKET_FACTOR_INVALID", `The factor file cannot be read: ${found}`, {
    remedy: "Lines are yyyyMMdd,price factor,split factor,reference price, each date once and in order.",
  });
}
