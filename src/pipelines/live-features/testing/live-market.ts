/**
 * A small made-up market of mainland shares on the real calendar, with ex-days, suspensions, a late listing and a delisting,
 * and a feed that quotes any of its bars.
 */
import { importBars } from "#data/ingest/import-bars";
import { RowsSource, type TestRow } from "#data/ingest/testing/rows-source";
import type { Quote, QuoteAnswer, QuoteFeed } from "#data/quotes/quote-feed";
import { openStore, type OpenedStore } from "#data/store/open-store";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { dayOf, type Day } from "#market/day";
import { noise } from "../../testing/stored-market.ts";

export const calendar = calendarNamed("XSHG");
export const sessions: readonly Day[] = [
  ...calendar.sessionsBetween(dayOf("2023-11-01"), dayOf("2024-04-30")),
];
export const codes: readonly string[] = [
  "600008.SH",
  "000001.SZ",
  "688981.SH",
  "300750.SZ",
  "600519.SH",
  "920002.BJ",
  "002594.SZ",
  ...Array.from({ length: 33 }, (_, index) => `60${String(1000 + index * 7)}.SH`),
];
/** Listed on the 40th session, and delisted after the 70th. */
export const LATE = "300750.SZ";
export const GONE = "600519.SH";

const cents = (value: number): number => Math.round(value * 100) / 100;

/** Bars of an instrument, every session's from its first to its last. */
function barsOf(code: string, index: number): TestRow[] {
  const rows: TestRow[] = [];
  let close = 8 + index;
  const first = code === LATE ? 40 : 0;
  const last = code === GONE ? 70 : sessions.length - 1;
  for (let n = first; n <= last; n++) {
    const dividend = n > first && noise(index, n, 1) < 0.04 ? cents(close * 0.05) : 0;
    const preclose = cents(close - dividend);
    const day = sessions[n]!;
    if (noise(index, n, 2) < 0.05) {
      const values = { close: preclose, preclose, volume: 0, amount: 0, status: 0, turn: 0 };
      rows.push({
        instrument: code,
        day,
        values: { ...values, open: preclose, high: preclose, low: preclose },
      });
      close = preclose;
      continue;
    }
    const open = cents(preclose * (0.98 + noise(index, n, 3) * 0.04));
    close = cents(preclose * (0.95 + noise(index, n, 4) * 0.1));
    const high = cents(Math.max(open, close) * 1.01);
    const low = cents(Math.min(open, close) * 0.99);
    const volume = 100 * Math.round(1 + noise(index, n, 5) * 1e5);
    const amount = cents(((open + close + high + low) / 4) * volume);
    const values = { open, high, low, close, preclose, volume, amount, status: 1, turn: noise(index, n, 6) };
    rows.push({ instrument: code, day, values });
  }
  return rows;
}

const bars: readonly TestRow[] = codes.flatMap((code, index) => barsOf(code, index));
const barAt = new Map(bars.map((row) => [`${row.instrument} ${row.day}`, row]));

export function marketStore(root: string): OpenedStore {
  return openStore(
    root,
    { calendar: "XSHG", freq: "day" },
    {
      sessionsBetween: (start, end) => calendar.sessionsBetween(start, end),
      now: () => 0,
    },
  );
}

/** Imports the bars up to and with a day. */
export async function importThrough(store: OpenedStore, end: Day): Promise<void> {
  const rows = bars.filter(({ day }) => day <= end);
  await importBars(new RowsSource(rows, { batchRows: 4096 }), await store.writer(), {
    calendar,
    engine: "test",
  });
}

/** Milliseconds since 1970 at a time of day in Shanghai. */
export function shanghai(day: Day, time: string): number {
  const [hour, minute] = time.split(":").map(Number) as [number, number];
  return day * 86_400_000 + (hour - 8) * 3_600_000 + minute * 60_000;
}

/** Quotes the bars of one day as if its session were over, and counts what it was asked. */
export class BarFeed implements QuoteFeed {
  readonly locator = "test:bars";
  readonly asked: string[] = [];
  readonly #day: Day;
  readonly #change: (quote: Quote) => Quote | null;

  constructor(day: Day, change: (quote: Quote) => Quote | null = (quote) => quote) {
    this.#day = day;
    this.#change = change;
  }

  quotes(instruments: readonly string[]): Promise<QuoteAnswer> {
    this.asked.push(...instruments);
    const found = instruments.map((instrument) => {
      const row = barAt.get(`${instrument} ${this.#day}`);
      return { instrument, quote: row === undefined ? null : this.#change(quoteOf(row)) };
    });
    return Promise.resolve({
      server: this.locator,
      quotes: found.flatMap(({ quote }) => quote ?? []),
      failures: found
        .filter(({ quote }) => quote === null)
        .map(({ instrument }) => ({ instrument, code: "QUOTE_MISSING", message: "no such bar" })),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

function quoteOf({ instrument, values }: TestRow): Quote {
  const of = (name: string): number => values[name] ?? Number.NaN;
  const isTraded = of("volume") > 0;
  const price = (name: string): number => (isTraded ? of(name) : Number.NaN);
  return {
    instrument,
    day: null,
    second: 11 * 3600,
    price: price("close"),
    open: price("open"),
    high: price("high"),
    low: price("low"),
    preclose: of("preclose"),
    volume: of("volume"),
    amount: of("amount"),
  };
}
