/** The bars' columns in the order in which every source of snapshots offers them; further ones follow. */
export const BAR_COLUMNS = [
  "open",
  "high",
  "low",
  "close",
  "volume",
  "amount",
  "vwap",
  "factor",
  "preclose",
  "status",
] as const;
