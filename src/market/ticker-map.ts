import { dayOf, isoOf, parseDay, type Day } from "./day.ts";
import { MarketError } from "./errors.ts";

/**
 * Which security a ticker meant when, from QuantConnect's map files: lines `yyyyMMdd,ticker[,exchange]` in order of
 * date, each saying the ticker of one security up to and including that date; the first line is its first day. A bar
 * file is named after a ticker, and tickers are used again: `wm` before 2009-08-05 is Washington Mutual, `bac`
 * before 1998-10-01 the old BankAmerica. Bars outside {@link daysOfTicker} belong to somebody else.
 */
export interface TickerSpan {
  readonly ticker: string;
  readonly from: Day;
  /** Last day, inclusive; null while it lasts. */
  readonly to: Day | null;
}

/** The date by which map files mean "still so". */
const OPEN_END = dayOf("2050-12-31");

/** Reads the text of a map file. Throws MARKET_SPANS_INVALID with the line number. */
export function parseMapFile(text: string): TickerSpan[] {
  const spans: TickerSpan[] = [];
  let from = Number.NaN;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const [date = "", ticker = ""] = line.split(",").map((cell) => cell.trim());
    const day = parseDay(date);
    if (Number.isNaN(day) || ticker === "") throw invalid(`line ${index + 1} is "${line}"`);
    if (Number.isNaN(from)) {
      from = day;
      continue;
    }
    if (day < from) throw invalid(`line ${index + 1} has ${isoOf(day)}, before ${isoOf(from)}`);
    spans.push({ ticker: ticker.toUpperCase(), from, to: day >= OPEN_END ? null : day });
    from = day + 1;
  }
  if (spans.length === 0) throw invalid("there are fewer than two lines");
  return spans;
}

/** The spans in which the security carried that ticker, in order; upper or lower case. */
export function daysOfTicker(spans: readonly TickerSpan[], ticker: string): TickerSpan[] {
  return spans.filter((span) => span.ticker === ticker.toUpperCase());
}

/** Whether a day lies in one of the spans. */
export function isWithin(spans: readonly TickerSpan[], day: Day): boolean {
  return spans.some((span) => span.from <= day && (span.to === null || day <= span.to));
}

function invalid(found: string): MarketError {
  return new MarketError("MARKET_SPANS_INVALID", `The map file cannot be read: ${found}`, {
    remedy: "Lines are yyyyMMdd,ticker,exchange in order of date, the first one being the first day.",
  });
}
