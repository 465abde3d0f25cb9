/** Units and meanings of the columns of money flow and daily basics, after the vendor's documentation, converted at import. */

export interface ColumnWords {
  readonly unit: string;
  readonly description: string;
}

const sizes: Readonly<Record<string, string>> = {
  sm: "small orders (below 50,000 yuan)",
  md: "medium orders (50,000 to 200,000 yuan)",
  lg: "large orders (200,000 to 1,000,000 yuan)",
  elg: "very large orders (from 1,000,000 yuan)",
};

const basics: Readonly<Record<string, ColumnWords>> = {
  close: { unit: "CNY", description: "close of the day, as traded" },
  turnover_rate: { unit: "percent", description: "volume by tradable shares" },
  turnover_rate_f: { unit: "percent", description: "volume by free-float shares" },
  volume_ratio: { unit: "ratio", description: "volume a minute by that of the five days before" },
  pe: { unit: "ratio", description: "price by earnings of the last year; missing when there was a loss" },
  pe_ttm: { unit: "ratio", description: "price by earnings of the last twelve months" },
  pb: { unit: "ratio", description: "price by book value" },
  ps: { unit: "ratio", description: "price by sales of the last year" },
  ps_ttm: { unit: "ratio", description: "price by sales of the last twelve months" },
  dv_ratio: { unit: "percent", description: "dividend yield of the last year" },
  dv_ttm: { unit: "percent", description: "dividend yield of the last twelve months" },
  total_share: { unit: "shares", description: "shares issued" },
  float_share: { unit: "shares", description: "tradable shares" },
  free_share: { unit: "shares", description: "free-float shares" },
  total_mv: { unit: "CNY", description: "market value of the shares issued" },
  circ_mv: { unit: "CNY", description: "market value of the tradable shares" },
};

/** A column of money flow: `buy_lg_amount`, `net_mf_vol`. Others carry no unit. */
export function flowWords(name: string): ColumnWords {
  const [, side, size, measure] = /^(buy|sell|net)_(sm|md|lg|elg|mf)_(vol|amount)$/.exec(name) ?? [];
  if (side === undefined) return { unit: "", description: `${name}, as imported` };
  const unit = measure === "vol" ? "shares" : "CNY";
  const what = measure === "vol" ? "volume" : "amount";
  if (side === "net") return { unit, description: `net ${what} that flowed in: bought less sold` };
  return {
    unit,
    description: `${what} of ${side === "buy" ? "bought" : "sold"} by ${sizes[size!] ?? size!}`,
  };
}

export function basicWords(name: string): ColumnWords {
  return basics[name] ?? { unit: "", description: `${name}, as imported` };
}
