/** Rules about a bar by itself and about bars that repeat. They work on traded rows, in order of time. */
import type { Finder, InstrumentRows } from "./finding.ts";

const PRICES = ["open", "high", "low", "close"] as const;
/** Prices that arrive as float32 or rounded twice may cross by this much. */
const ROUNDING = 1e-6;
const STALE_DAYS = 3;

/** Rows whose prices and volumes can be used at all. */
export function validRows(rows: InstrumentRows, traded: readonly number[], found: Finder): number[] {
  const prices = PRICES.map((name) => [name, rows.columns.get(name)] as const);
  const amounts = (["volume", "amount"] as const).map((name) => [name, rows.columns.get(name)] as const);
  return traded.filter((row) => {
    const day = rows.days[row]!;
    for (const [name, values] of prices) {
      const value = values?.[row];
      if (value === undefined || Number.isNaN(value) || (value > 0 && Number.isFinite(value))) continue;
      found.add("price-invalid", day, { value, expected: `a positive ${name}`, action: "dropped" });
      return false;
    }
    for (const [name, values] of amounts) {
      const value = values?.[row];
      if (value === undefined || !(value < 0)) continue;
      found.add("volume-negative", day, { value, expected: `${name} of zero or more`, action: "dropped" });
      return false;
    }
    return true;
  });
}

export function ohlcOrder(rows: InstrumentRows, traded: readonly number[], found: Finder): void {
  const [open, high, low, close] = PRICES.map((name) => rows.columns.get(name));
  if (high === undefined || low === undefined) return;
  for (const row of traded) {
    let top = low[row]!;
    let bottom = high[row]!;
    for (const values of [open, close]) {
      const value = values?.[row] ?? Number.NaN;
      if (value > top) top = value;
      if (value < bottom) bottom = value;
    }
    if (high[row]! < top * (1 - ROUNDING)) {
      found.add("ohlc-order", rows.days[row]!, { value: high[row]!, expected: `high of at least ${top}` });
    } else if (low[row]! > bottom * (1 + ROUNDING)) {
      found.add("ohlc-order", rows.days[row]!, { value: low[row]!, expected: `low of at most ${bottom}` });
    }
  }
}

/** Three or more days running with the same prices and volume. */
export function stalePrices(rows: InstrumentRows, traded: readonly number[], found: Finder): void {
  const columns = [...PRICES, "volume"].flatMap((name) => rows.columns.get(name) ?? []);
  const volume = rows.columns.get("volume");
  if (volume === undefined) return;
  let start = 0;
  for (let at = 1; at <= traded.length; at++) {
    const repeats =
      at < traded.length &&
      columns.every((values) => values[traded[at]!] === values[traded[at - 1]!]) &&
      volume[traded[at]!]! > 0;
    if (repeats) continue;
    if (at - start >= STALE_DAYS) {
      found.add("stale-price", rows.days[traded[start]!]!, {
        lastDay: rows.days[traded[at - 1]!]!,
        count: at - start,
        value: rows.columns.get("close")?.[traded[start]!] ?? null,
        expected: "prices or volume that differ from day to day",
      });
    }
    start = at;
  }
}
