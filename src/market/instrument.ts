import { codeRangeOf } from "./listing-code.ts";
import { MarketError } from "./errors.ts";
import { venueOfSuffix, type Venue, type VenueName } from "./venue.ts";

/**
 * Instrument ids. Canonical: code, dot, suffix of the venue, upper case: `000001.SZ 600519.SH 830799.BJ AAPL.US
 * BRK.B.US 00700.HK BTCUSDT.BINANCE`. Every other spelling is read here and written here, nowhere else.
 */
export type InstrumentId = string & { readonly __brand: "InstrumentId" };

/**
 * | form | A-share | elsewhere |
 * |---|---|---|
 * | `canonical` | `600519.SH` | `BRK.B.US`, `00700.HK`, `BTCUSDT.BINANCE` |
 * | `qlib`, `qlib-lower` | `SH600519`, `sh600519` | `BRK.B`, `HK00700`, `BTCUSDT` |
 * | `baostock` | `sh.600519` | |
 * | `mic` | `600519.XSHG` (JoinQuant, RiceQuant) | `00700.XHKG` |
 * | `bare` | `600519` | `BRK.B`, `00700`, `BTCUSDT` |
 * | `pair-dash`, `pair-slash` | | `BTC-USDT`, `BTC/USDT` |
 */
export type InstrumentForm =
  | "canonical"
  | "qlib"
  | "qlib-lower"
  | "baostock"
  | "mic"
  | "bare"
  | "pair-dash"
  | "pair-slash";

export interface Instrument {
  readonly ok: true;
  readonly id: InstrumentId;
  /** The id without its suffix: `600519`, `BRK.B`, `BTCUSDT`; the whole id when the venue is unknown. */
  readonly code: string;
  /** Null only for ids of no known form, accepted on request. */
  readonly venue: VenueName | null;
}

export interface InstrumentFailure {
  readonly ok: false;
  readonly code: "MARKET_INSTRUMENT_FORM";
  readonly found: string;
  readonly remedy: string;
}

export interface InstrumentOptions {
  /** Venue of a spelling that names none: bare letters, digits or pairs. Default: by the look of the code. */
  readonly venue?: VenueName;
  /** Take ids of no known form as they are, in upper case (Qlib directories). Default false. */
  readonly acceptUnknown?: boolean;
}

/** Second assets by which an unseparated pair is split; longer ones first, so that `FDUSD` wins over `USD`. */
const quoteAssets =
  "FDUSD USDT USDC BUSD TUSD USDP DAI USD EUR GBP JPY KRW TRY BRL AUD BTC ETH BNB SOL XRP".split(" ");

const MIC: Readonly<Partial<Record<VenueName, string>>> = { SSE: "XSHG", SZSE: "XSHE", HKEX: "XHKG" };
const TICKER = /^[A-Z]{1,5}(?:[.\-/][A-Z]{1,2})?$/;
/** Without `.US` only share classes count: `VOD.L` and `AAPL.O` are another exchange's or vendor's spelling. */
const BARE_TICKER = /^[A-Z]{1,5}(?:[.\-/][A-D])?$/;
const PREFIXED = /^(SH|SZ|BJ|HK|US)\.?([0-9A-Z.-]+)$/;
const SEPARATED_PAIR = /^([A-Z0-9]{1,15})[-/_]([A-Z0-9]{2,6})$/;
/** Letters, digits and a few marks that are safe in a file name; no separator, no leading dot. */
const UNKNOWN = /^[\p{L}\p{N}^_=&][\p{L}\p{N}^_=&.-]{0,63}$/u;

/** Reads any spelling of the table above. Expected to fail on foreign text, so it returns the failure. */
export function readInstrument(
  text: string,
  options: InstrumentOptions = {},
): Instrument | InstrumentFailure {
  const upper = text.trim().toUpperCase();
  const found =
    withSuffix(upper) ?? withPrefix(upper) ?? (options.venue ? at(options.venue, upper) : bare(upper));
  if (found !== undefined) return found;
  if (options.acceptUnknown === true && UNKNOWN.test(upper) && !upper.includes("..")) {
    return { ok: true, id: upper as InstrumentId, code: upper, venue: null };
  }
  return {
    ok: false,
    code: "MARKET_INSTRUMENT_FORM",
    found: `"${text}" is an instrument code of no known form`,
    remedy:
      "Write it as 600519.SH, 000001.SZ, 920002.BJ, AAPL.US, 00700.HK or BTCUSDT.BINANCE, or state its form in the mapping.",
  };
}

/** As {@link readInstrument}, for text that ought to be right. Throws MARKET_INSTRUMENT_FORM. */
export function instrumentOf(text: string, options: InstrumentOptions = {}): InstrumentId {
  const read = readInstrument(text, options);
  if (!read.ok) throw new MarketError(read.code, read.found, { remedy: read.remedy });
  return read.id;
}

/** Venue of a canonical id; null when its form is unknown. */
export function venueOf(id: InstrumentId): VenueName | null {
  return withSuffix(id)?.venue ?? null;
}

/** Writes a canonical id in another form. Throws MARKET_INSTRUMENT_FORM where the venue has no such form. */
export function formatInstrument(id: InstrumentId, form: InstrumentForm): string {
  const known = withSuffix(id);
  if (form === "canonical") return id;
  if (known === undefined || known.venue === null) {
    if (form === "qlib" || form === "bare") return id;
    if (form === "qlib-lower") return id.toLowerCase();
    throw noSuchForm(id, form);
  }
  const { code, venue } = known;
  const suffix = id.slice(code.length + 1);
  const numbered = /^(SH|SZ|BJ|HK)$/.test(suffix);
  switch (form) {
    default:
      return code;
    case "qlib":
      return numbered ? suffix + code : code;
    case "qlib-lower":
      return (numbered ? suffix + code : code).toLowerCase();
    case "baostock":
      if (!numbered) throw noSuchForm(id, form);
      return `${suffix.toLowerCase()}.${code}`;
    case "mic": {
      const mic = MIC[venue];
      if (mic === undefined) throw noSuchForm(id, form);
      return `${code}.${mic}`;
    }
    case "pair-dash":
    case "pair-slash": {
      const pair = pairOf(id);
      if (pair === null) throw noSuchForm(id, form);
      return pair.base + (form === "pair-dash" ? "-" : "/") + pair.quote;
    }
  }
}

/** Both assets of a crypto pair: `BTCUSDT.BINANCE` → BTC, USDT. Null for everything else. */
export function pairOf(id: InstrumentId): { readonly base: string; readonly quote: string } | null {
  const known = withSuffix(id);
  if (known === undefined || venueOfSuffix(id.slice(known.code.length + 1))?.kind !== "crypto") return null;
  return splitPair(known.code);
}

function withSuffix(upper: string): Instrument | undefined {
  const dot = upper.lastIndexOf(".");
  const venue = dot > 0 ? venueOfSuffix(upper.slice(dot + 1)) : undefined;
  return venue === undefined ? undefined : onVenue(venue, upper.slice(0, dot));
}

function withPrefix(upper: string): Instrument | undefined {
  const match = PREFIXED.exec(upper);
  if (match === null) return undefined;
  const [, prefix = "", code = ""] = match;
  // Glued letters (`USB`, `SHW`, `HK`) are tickers; only `US.` with its dot is a prefix of letters.
  if (prefix === "US" && upper[2] !== ".") return undefined;
  return onVenue(venueOfSuffix(prefix)!, code);
}

function at(venue: VenueName, upper: string): Instrument | undefined {
  const known = venueOfSuffix(venue);
  return known === undefined ? undefined : onVenue(known, upper);
}

/** A spelling that names no venue: six digits, a pair, or an American ticker. */
function bare(upper: string): Instrument | undefined {
  if (/^\d{6}$/.test(upper)) {
    const range = codeRangeOf(upper);
    return range === undefined ? undefined : at(range.venue, upper);
  }
  const separated = SEPARATED_PAIR.exec(upper);
  if (separated !== null && quoteAssets.includes(separated[2]!)) return at("BINANCE", upper);
  if (upper.length >= 6 && /^[A-Z0-9]+$/.test(upper) && splitPair(upper) !== null)
    return at("BINANCE", upper);
  return BARE_TICKER.test(upper) ? at("US", upper) : undefined;
}

/** The canonical instrument of a code on a venue, when it is one that venue can have. */
function onVenue(venue: Venue, code: string): Instrument | undefined {
  const canonical = codeOnVenue(venue, code);
  if (canonical === undefined) return undefined;
  return {
    ok: true,
    id: `${canonical}.${venue.suffix}` as InstrumentId,
    code: canonical,
    venue: venue.suffix === "US" ? "US" : venue.name,
  };
}

function codeOnVenue(venue: Venue, code: string): string | undefined {
  switch (venue.kind) {
    case "a-share":
      return /^\d{6}$/.test(code) ? code : undefined;
    case "hk-equity":
      return /^\d{1,5}$/.test(code) ? code.padStart(5, "0") : undefined;
    case "us-equity":
      return TICKER.test(code) ? code.replace(/[-/]/, ".") : undefined;
    default: {
      const joined = code.replace(/[-/_]/, "");
      return /^[A-Z0-9]{2,24}$/.test(joined) ? joined : undefined;
    }
  }
}

function splitPair(code: string): { readonly base: string; readonly quote: string } | null {
  const quote = quoteAssets.find((asset) => code.endsWith(asset) && code.length - asset.length >= 2);
  return quote === undefined ? null : { base: code.slice(0, -quote.length), quote };
}

function noSuchForm(id: string, form: string): MarketError {
  return new MarketError("MARKET_INSTRUMENT_FORM", `${id} cannot be written in the form "${form}"`, {
    remedy: "Use the canonical form for instruments of this venue.",
  });
}
