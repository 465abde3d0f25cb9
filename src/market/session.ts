import { calendarNamed } from "./calendar/exchange-calendars.ts";
import { stretchesOf } from "./calendar/hours.ts";
import { dayOf, type Day } from "./day.ts";
import { MarketError } from "./errors.ts";
import { venueOf, type InstrumentId } from "./instrument.ts";
import { boardOn, isBoard, kindOf } from "./trading-rules/boards.ts";
import { venueNamed } from "./venue.ts";

/**
 * The phases of a session: when orders are taken, matched and cancelled. Minutes of the exchange-local day, half-open
 * `[from, to)`. Mainland phases are dated; elsewhere only continuous trading is recorded (no auctions).
 */
export interface Phase {
  readonly name: "opening-auction" | "waiting" | "continuous" | "closing-auction" | "fixed-price";
  readonly from: number;
  readonly to: number;
  /** Orders may be withdrawn. */
  readonly cancel: boolean;
}

/** First day of the closing auction 14:57–15:00; before it the close was an average of the last trades. */
const closingAuctionFrom = {
  SZSE: dayOf("2006-07-01"),
  SSE: dayOf("2018-08-20"),
  BSE: dayOf("2021-11-15"),
} as const;

/** First day of trading at the close, 15:05–15:30. Beijing and B shares have none that is known. */
const fixedPriceFrom = {
  STAR: dayOf("2019-07-22"),
  CHINEXT: dayOf("2020-08-24"),
  MAIN: dayOf("2026-07-06"),
  FUND: dayOf("2026-07-06"),
} as const;

const at = (hour: number, minute: number): number => hour * 60 + minute;

/**
 * Phases of an instrument's session, in order. Throws MARKET_NOT_A_SESSION, MARKET_CALENDAR_RANGE, and
 * MARKET_BOARD_UNKNOWN for ids without a venue and shares before their board opened.
 */
export function phasesOn(id: InstrumentId, day: Day): Phase[] {
  const venueName = venueOf(id);
  if (venueName === null) {
    throw new MarketError("MARKET_BOARD_UNKNOWN", `${id} names no venue`, {
      remedy: "Use an id of a known form, such as 600519.SH.",
    });
  }
  const venue = venueNamed(venueName);
  const hours = calendarNamed(venue.calendar).sessionHours(day);
  if (venue.kind !== "a-share") {
    return stretchesOf(hours).map(([from, to]) => ({ name: "continuous", from, to, cancel: true }));
  }
  if (isBoard(kindOf(id))) boardOn(id, day);
  return mainlandPhases(id, venueName, day);
}

/**
 * Whether the official close of a mainland instrument was an average of the last trades and not itself a trade: on
 * sessions before its exchange had a closing auction. Vendors that keep the last trade as close differ there.
 */
export function closeIsAverage(id: InstrumentId, day: Day): boolean {
  const venue = venueOf(id);
  const auctionFrom = closingAuctionFrom[venue as keyof typeof closingAuctionFrom] as Day | undefined;
  return auctionFrom !== undefined && day < auctionFrom;
}

function mainlandPhases(id: InstrumentId, venue: string, day: Day): Phase[] {
  const auctionFrom = closingAuctionFrom[venue as keyof typeof closingAuctionFrom];
  const kind = kindOf(id);
  const fixedFrom =
    kind !== null && Object.hasOwn(fixedPriceFrom, kind)
      ? fixedPriceFrom[kind as keyof typeof fixedPriceFrom]
      : Number.POSITIVE_INFINITY;
  const auction = day >= auctionFrom;
  const phases: Phase[] = [
    { name: "opening-auction", from: at(9, 15), to: at(9, 20), cancel: true },
    { name: "opening-auction", from: at(9, 20), to: at(9, 25), cancel: false },
    { name: "waiting", from: at(9, 25), to: at(9, 30), cancel: false },
    { name: "continuous", from: at(9, 30), to: at(11, 30), cancel: true },
    { name: "continuous", from: at(13, 0), to: auction ? at(14, 57) : at(15, 0), cancel: true },
  ];
  if (auction) phases.push({ name: "closing-auction", from: at(14, 57), to: at(15, 0), cancel: false });
  if (day >= fixedFrom) phases.push({ name: "fixed-price", from: at(15, 5), to: at(15, 30), cancel: true });
  return phases;
}
