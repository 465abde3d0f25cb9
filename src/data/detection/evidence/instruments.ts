/** Which instruments a source is about, and on which venues: from a column of codes or from file names. */
import { codeRangeOf } from "#market/listing-code";
import { type InstrumentId, venueOf } from "#market/instrument";
import { venueNamed, type VenueName } from "#market/venue";
import { sqlName } from "../../duckdb/sql.ts";
import type { InstrumentRule } from "../../mapping/mapping.ts";
import { canonicalId } from "../../sources/instrument-codes.ts";
import type { SourceFile } from "../../sources/locator.ts";
import type { Sample } from "../recognition.ts";

export interface InstrumentEvidence {
  readonly rule: InstrumentRule;
  /** Canonical ids, all of a column's or one per file. */
  readonly ids: readonly string[];
  readonly venues: ReadonlySet<VenueName>;
  readonly reasons: readonly string[];
  readonly doubts: readonly string[];
}

/** How file names carry codes, most telling first. */
const filePatterns: readonly (readonly [pattern: string, venue: VenueName | undefined])[] = [
  ["^(?<code>\\d{6}[._](?:SH|SZ|BJ|XSHG|XSHE))", undefined],
  ["^(?<code>(?:sh|sz|bj|SH|SZ|BJ)[._]?\\d{6})", undefined],
  ["^(?<code>\\d{6})(?!\\d)", undefined],
  ["^(?<code>[A-Za-z0-9]{2,12}[-_]?(?:USDT|USDC|BUSD|FDUSD|usdt|usdc|busd|fdusd))(?![A-Za-z])", "BINANCE"],
  ["^(?<code>[A-Za-z]{1,5}(?:[.-][A-Za-z])?)(?:[_-](?:daily|day|1d|d))?\\.[a-z]", "US"],
];
const NO_TICKERS =
  /^(data|daily|bars?|ohlcv?|price|stock|test|quote|kline|all|a|sample|table|sheet|book)s?$/i;

/** Foreign indices that vendors write without an exchange; as tickers they would be someone else's. */
const INDEX_SYMBOLS = /^(SPX|GSPC|NDX|IXIC|DJI|DJIA|RUT|VIX|HSI|HSCEI|N225|KS11|FTSE|GDAXI|FCHI|XIN9)$/;

/** From a column; null when its values are no codes. */
export async function instrumentsOfColumn(
  sample: Sample,
  column: string,
): Promise<InstrumentEvidence | null> {
  const { relation, database } = sample;
  if (relation === null) return null;
  const rows = await database.rows(
    `SELECT DISTINCT CAST(${sqlName(column)} AS VARCHAR) AS code FROM ${relation.sql} WHERE ${sqlName(column)} IS NOT NULL LIMIT 20000`,
  );
  const codes = rows.map((row) => String(row["code"])).sort();
  if (codes.every((code) => INDEX_SYMBOLS.test(code))) return null;
  const venue = venueColumn(sample);
  const rule: InstrumentRule = { column, ...(venue === null ? {} : { venue }) };
  const read = codes.map((code) =>
    canonicalId(code.length < 6 && /^\d+$/.test(code) ? code.padStart(6, "0") : code, rule),
  );
  const ids = read.filter((id): id is string => id !== null);
  if (codes.length === 0 || ids.length < codes.length * 0.9) return null;
  const example = codes[0]!;
  const reasons = [
    `${column} holds ${codes.length} code${codes.length === 1 ? "" : "s"} such as ${example}, read as ${ids[0]!}`,
  ];
  const strange = codes.filter((_, index) => read[index] === null);
  const doubts =
    strange.length === 0 ? [] : [`${strange.length} codes are of no known form, e.g. ${strange[0]!}`];
  if (venue === null && codes.every((code) => /^\d{6}$/.test(code))) {
    doubts.push(
      `${column} holds bare digits; the exchange is taken from the code ranges (shares before indices)`,
    );
  }
  return { rule, ids, venues: venuesOf(ids), reasons, doubts };
}

/** One venue named by a column of its own (`exchange`, `Market`), when it holds only one. */
function venueColumn(sample: Sample): VenueName | null {
  const column =
    sample.names.column("exchange") ?? sample.names.column("market") ?? sample.names.column("venue");
  if (column === undefined) return null;
  const values = new Set(sample.head.map((row) => row[column]));
  if (values.size !== 1) return null;
  const value = [...values][0]?.toUpperCase() ?? "";
  const known: Readonly<Record<string, VenueName>> = {
    SSE: "SSE",
    SZSE: "SZSE",
    BSE: "BSE",
    XSHG: "SSE",
    XSHE: "SZSE",
    SH: "SSE",
    SZ: "SZSE",
    BINANCE: "BINANCE",
  };
  return known[value] ?? null;
}

/** From the files' names; null when they do not look like codes. */
export function instrumentsOfNames(files: readonly SourceFile[]): InstrumentEvidence | null {
  for (const [pattern, venue] of filePatterns) {
    const codes = files.map((file) => new RegExp(pattern, "u").exec(file.name)?.groups?.["code"] ?? null);
    if (codes.some((code) => code === null || NO_TICKERS.test(code))) continue;
    const rule: InstrumentRule = { fileName: pattern, ...(venue === undefined ? {} : { venue }) };
    const ids = codes.map((code) => canonicalId(code!, rule));
    if (ids.includes(null)) continue;
    const doubts: string[] = [];
    if (venue === "BINANCE") doubts.push("the file does not name its exchange; BINANCE is taken");
    if (venue === "US" && files.length === 1) {
      doubts.push(`the file name ${files[0]!.name} is read as a US ticker`);
    }
    return {
      rule,
      ids: ids as string[],
      venues: venuesOf(ids as string[]),
      reasons: [
        `the file name ${files[0]!.name} names the instrument ${ids[0]!}${files.length > 1 ? `, and so do ${files.length - 1} others` : ""}`,
      ],
      doubts,
    };
  }
  return null;
}

/** Whether every id is an index: its bars hold points, not share prices. */
export function areIndices(ids: readonly string[]): boolean {
  return (
    ids.length > 0 &&
    ids.every((id) => {
      const [code = "", suffix = ""] = id.split(".");
      return (
        (suffix === "SH" && code.startsWith("000")) ||
        (suffix === "SZ" && code.startsWith("399")) ||
        (suffix === "BJ" && codeRangeOf(code)?.kind === "INDEX")
      );
    })
  );
}

function venuesOf(ids: readonly string[]): ReadonlySet<VenueName> {
  const venues = new Set<VenueName>();
  for (const id of ids) {
    const venue = venueOf(id as InstrumentId);
    if (venue !== null) venues.add(venue);
  }
  return venues;
}

/** The calendar that all these venues share, or null. */
export function calendarOfVenues(venues: ReadonlySet<VenueName>): "XSHG" | "XNYS" | "XHKG" | "24x7" | null {
  const calendars = new Set([...venues].map((venue) => venueNamed(venue).calendar));
  return calendars.size === 1 ? [...calendars][0]! : null;
}

/** Time zone of the venues, when they share one. */
export function zoneOfVenues(venues: ReadonlySet<VenueName>): string | null {
  const zones = new Set([...venues].map((venue) => venueNamed(venue).timeZone));
  return zones.size === 1 ? [...zones][0]! : null;
}
