import { calendarNamed } from "../calendar/exchange-calendars.ts";
import type { Day } from "../day.ts";
import type { Board } from "../listing-code.ts";
import { recordOn, ruleOn, timeline, type Dated, type Grade } from "./dated.ts";
import { sources } from "./sources.ts";
import type { TradingStatus } from "./status.ts";

/**
 * How far a price may move in a day, by board, date and standing. `percent` is of the day's reference price, or of
 * the issue price on some first days. `unknown` means that a limit was in force and is not recorded here.
 */
export type PriceLimit =
  | {
      readonly kind: "percent";
      readonly upPct: number;
      readonly downPct: number;
      readonly of: "reference" | "issue-price";
    }
  | { readonly kind: "none" }
  | { readonly kind: "unknown" };

const percent = (pct: number): PriceLimit => ({
  kind: "percent",
  upPct: pct,
  downPct: pct,
  of: "reference",
});
const none: PriceLimit = { kind: "none" };
const unknown: PriceLimit = { kind: "unknown" };
const firstDayBand: PriceLimit = { kind: "percent", upPct: 44, downPct: 36, of: "issue-price" };

const { limits1996, secondary, sseRules2026, szseChinext2020, sseStar, beijing, sseRegistration2023 } =
  sources;

const since1996 = (opened: string): readonly Dated<PriceLimit>[] =>
  timeline(
    {
      from: opened,
      value: unknown,
      grade: "C",
      source: "limits between 0.5 % and 5 %, changed several times and differing between the exchanges",
    },
    { from: "1992-05-21", value: none, grade: "C", source: `lifted in Shanghai that day; ${secondary}` },
    { from: "1996-12-16", value: percent(10), grade: "B", source: limits1996 },
  );

const st1998 = (grade: Grade, since2026: string): readonly Dated<PriceLimit>[] =>
  timeline(
    {
      from: "1998-04-22",
      value: percent(5),
      grade: "B",
      source: "special treatment begins; 5 %",
    },
    { from: "2026-07-06", value: percent(10), grade, source: since2026 },
  );

/** By board: shares in good standing, and shares under risk warning. */
export const priceLimits: Readonly<
  Record<Board, { readonly normal: readonly Dated<PriceLimit>[]; readonly st: readonly Dated<PriceLimit>[] }>
> = {
  MAIN: { normal: since1996("1990-12-19"), st: st1998("A", sseRules2026) },
  CHINEXT: {
    normal: timeline(
      { from: "2009-10-30", value: percent(10), grade: "A", source: szseChinext2020 },
      { from: "2020-08-24", value: percent(20), grade: "A", source: szseChinext2020 },
    ),
    st: timeline(
      { from: "2009-10-30", value: percent(5), grade: "B", source: "as on the main board" },
      { from: "2020-08-24", value: percent(20), grade: "A", source: szseChinext2020 },
    ),
  },
  STAR: {
    normal: timeline({ from: "2019-07-22", value: percent(20), grade: "A", source: sseStar }),
    st: timeline({ from: "2019-07-22", value: percent(20), grade: "A", source: sseStar }),
  },
  BSE: {
    normal: timeline({ from: "2021-11-15", value: percent(30), grade: "B", source: beijing }),
    st: timeline({
      from: "2021-11-15",
      value: percent(30),
      grade: "C",
      source: "no lower limit under risk warning is known",
    }),
  },
  B_SSE: {
    normal: since1996("1992-02-21"),
    st: st1998("C", "taken to follow the main board; no text that names B shares seen"),
  },
  B_SZSE: {
    normal: since1996("1992-02-28"),
    st: st1998("C", "taken to follow the main board; no text that names B shares seen"),
  },
};

/** The first sessions of a new listing, by the day of listing. */
export interface ListingDays {
  /** Number of sessions from the listing day on. */
  readonly sessions: number;
  readonly limit: PriceLimit;
}

const oneFreeDay: ListingDays = { sessions: 1, limit: none };
const fiveFreeDays: ListingDays = { sessions: 5, limit: none };
const bandOnFirstDay: ListingDays = { sessions: 1, limit: firstDayBand };

export const listingDays: Readonly<Record<Board, readonly Dated<ListingDays>[]>> = {
  MAIN: timeline(
    { from: "1990-12-19", value: oneFreeDay, grade: "C", source: limits1996 },
    { from: "2014-01-01", value: bandOnFirstDay, grade: "A", source: sseStar },
    { from: "2023-04-10", value: fiveFreeDays, grade: "A", source: sseRegistration2023 },
  ),
  CHINEXT: timeline(
    { from: "2009-10-30", value: oneFreeDay, grade: "C", source: secondary },
    { from: "2014-01-01", value: bandOnFirstDay, grade: "B", source: "as on the main board" },
    { from: "2020-08-24", value: fiveFreeDays, grade: "A", source: szseChinext2020 },
  ),
  STAR: timeline({ from: "2019-07-22", value: fiveFreeDays, grade: "A", source: sseStar }),
  BSE: timeline({ from: "2021-11-15", value: oneFreeDay, grade: "B", source: beijing }),
  B_SSE: timeline({ from: "1992-02-21", value: oneFreeDay, grade: "C", source: limits1996 }),
  B_SZSE: timeline({ from: "1992-02-28", value: oneFreeDay, grade: "C", source: limits1996 }),
};

/** The first day of a delisting period has no limit; its later days have the board's, risk warning or not. */
export const delistingFirstDay: readonly Dated<PriceLimit>[] = timeline({
  from: "2020-12-31",
  value: none,
  grade: "C",
  source: secondary,
});

/** Longest span of calendar days that five sessions can need, holidays included; beyond it no count is made. */
const LISTING_SPAN_DAYS = 40;

/** The price limit of a board's share on a session. Throws MARKET_RULES_MISSING outside the records. */
export function priceLimitOn(
  board: Board,
  day: Day,
  status: TradingStatus = {},
): { readonly limit: PriceLimit; readonly grade: Grade; readonly source: string } {
  const special = firstDaysOf(board, day, status);
  if (special !== undefined) return special;
  const { normal, st } = priceLimits[board];
  const inDelisting = status.delistingFrom !== undefined && day >= status.delistingFrom;
  const riskWarning = status.st === true && !inDelisting;
  const record = ruleOn(riskWarning ? st : normal, day, `${board}${riskWarning ? " ST" : ""} price limit`);
  return { limit: record.value, grade: record.grade, source: record.source };
}

/** The limit on days around a listing, relisting or delisting to which the ordinary one does not apply. */
export function firstDaysOf(
  board: Board,
  day: Day,
  status: TradingStatus,
): { readonly limit: PriceLimit; readonly grade: Grade; readonly source: string } | undefined {
  if (status.relistedOn === day) {
    return { limit: none, grade: "C", source: "first day of trading again after suspension of listing" };
  }
  if (status.delistingFrom === day) {
    const record = recordOn(delistingFirstDay, day);
    if (record !== undefined) return { limit: record.value, grade: record.grade, source: record.source };
  }
  const { listedOn } = status;
  if (listedOn === undefined || day < listedOn || day - listedOn > LISTING_SPAN_DAYS) return undefined;
  // A share that came over from another market was listed before its board opened and has no first days here.
  const record = recordOn(listingDays[board], listedOn);
  if (record === undefined || calendarNamed("XSHG").count(listedOn, day) > record.value.sessions)
    return undefined;
  return { limit: record.value.limit, grade: record.grade, source: record.source };
}
