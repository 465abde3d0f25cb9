import { MarketError } from "./errors.ts";

/**
 * Where an instrument trades. `US` is the consolidated tape: an id such as `AAPL.US` does not say which exchange
 * lists the share, so NYSE and NASDAQ stand beside it with the same suffix and calendar.
 */
export type VenueName =
  | "SSE"
  | "SZSE"
  | "BSE"
  | "US"
  | "NYSE"
  | "NASDAQ"
  | "HKEX"
  | "BINANCE"
  | "OKX"
  | "BYBIT"
  | "COINBASE"
  | "KRAKEN";

export type CalendarName = "XSHG" | "XNYS" | "XHKG" | "24x7";

export interface Venue {
  readonly name: VenueName;
  readonly title: string;
  /** What stands after the last dot of a canonical id. */
  readonly suffix: string;
  /** Other suffixes that are read as this venue: MICs, Yahoo's `SS`. Never written in canonical ids. */
  readonly aliases: readonly string[];
  readonly kind: "a-share" | "us-equity" | "hk-equity" | "crypto";
  /** IANA name; offsets are looked up where they are needed. */
  readonly timeZone: string;
  /** Name for `calendarNamed`. Shenzhen and Beijing follow Shanghai's sessions. */
  readonly calendar: CalendarName;
  /** Currency of a plain share; crypto is quoted in the pair's own second asset. */
  readonly currency: string | null;
}

const chinese = { kind: "a-share", timeZone: "Asia/Shanghai", calendar: "XSHG", currency: "CNY" } as const;
const american = {
  kind: "us-equity",
  suffix: "US",
  timeZone: "America/New_York",
  calendar: "XNYS",
  currency: "USD",
} as const;
const crypto = {
  kind: "crypto",
  timeZone: "UTC",
  calendar: "24x7",
  currency: null,
  aliases: [] as string[],
} as const;

/** Every venue; the first of several with one suffix is what that suffix means. */
export const venues: readonly Venue[] = [
  { name: "SSE", title: "Shanghai Stock Exchange", suffix: "SH", aliases: ["XSHG", "SS", "SSE"], ...chinese },
  { name: "SZSE", title: "Shenzhen Stock Exchange", suffix: "SZ", aliases: ["XSHE", "SZSE"], ...chinese },
  { name: "BSE", title: "Beijing Stock Exchange", suffix: "BJ", aliases: ["BJSE", "BSE"], ...chinese },
  { name: "US", title: "United States, consolidated tape", aliases: [], ...american },
  { name: "NYSE", title: "New York Stock Exchange", aliases: ["XNYS", "NYSE"], ...american },
  { name: "NASDAQ", title: "Nasdaq", aliases: ["XNAS", "NASDAQ"], ...american },
  {
    name: "HKEX",
    title: "Hong Kong Exchanges and Clearing",
    suffix: "HK",
    aliases: ["XHKG", "HKEX"],
    kind: "hk-equity",
    timeZone: "Asia/Hong_Kong",
    calendar: "XHKG",
    currency: "HKD",
  },
  { name: "BINANCE", title: "Binance", suffix: "BINANCE", ...crypto },
  { name: "OKX", title: "OKX", suffix: "OKX", ...crypto },
  { name: "BYBIT", title: "Bybit", suffix: "BYBIT", ...crypto },
  { name: "COINBASE", title: "Coinbase", suffix: "COINBASE", ...crypto },
  { name: "KRAKEN", title: "Kraken", suffix: "KRAKEN", ...crypto },
];

const byName = new Map(venues.map((venue) => [venue.name as string, venue]));
const bySuffix = new Map<string, Venue>();
for (const venue of venues) {
  for (const suffix of [venue.suffix, ...venue.aliases]) {
    if (!bySuffix.has(suffix)) bySuffix.set(suffix, venue);
  }
}

/** The venue of that name. Throws MARKET_VENUE_UNKNOWN. */
export function venueNamed(name: string): Venue {
  const venue = byName.get(name);
  if (venue === undefined) {
    throw new MarketError("MARKET_VENUE_UNKNOWN", `"${name}" is no venue`, {
      remedy: `Use one of ${[...byName.keys()].join(", ")}.`,
    });
  }
  return venue;
}

/** The venue that a suffix (`SH`, `XSHE`, `US`, `BINANCE`; upper case) stands for, if any. */
export function venueOfSuffix(suffix: string): Venue | undefined {
  return bySuffix.get(suffix);
}
