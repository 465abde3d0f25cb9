/**
 * Suspended days in one form: prices NaN, volume and amount 0, status kept. Vendors repeat the last close, write zeros or
 * leave the cells empty.
 */
const PRICES = ["open", "high", "low", "close"] as const;

/**
 * Rewrites suspended rows in place. A row is suspended when its status says so and nothing was traded, or when every
 * price is zero or missing. The preclose stays: it is a fact of the calendar, not a trade.
 */
export function settleSuspendedRows(columns: ReadonlyMap<string, Float64Array>): void {
  const prices = PRICES.flatMap((name) => columns.get(name) ?? []);
  const status = columns.get("status");
  const volume = columns.get("volume");
  const amount = columns.get("amount");
  const rows = prices[0]?.length ?? 0;
  for (let row = 0; row < rows; row++) {
    const traded = volume !== undefined && volume[row]! > 0;
    const stopped = status !== undefined && status[row] === 0 && !traded;
    const empty = prices.every((values) => values[row] === 0 || Number.isNaN(values[row]!));
    if (!stopped && !empty) continue;
    for (const values of prices) values[row] = Number.NaN;
    if (volume !== undefined) volume[row] = 0;
    if (amount !== undefined) amount[row] = 0;
  }
}
