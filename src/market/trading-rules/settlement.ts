import type { Day } from "../day.ts";
import type { Board } from "../listing-code.ts";
import { ruleOn, timeline, type Dated } from "./dated.ts";
import { sources } from "./sources.ts";

/**
 * When bought shares may be sold: `next-session` is T+1. The money of a sale may be spent the same day either way.
 */
export type SaleOfBought = "same-day" | "next-session" | "unknown";

const aShares = (opened: string): readonly Dated<SaleOfBought>[] =>
  timeline(
    {
      from: opened,
      value: "unknown",
      grade: "C",
      source: "sale on the day of purchase was allowed for part of these years; dates not established",
    },
    { from: "1995-01-01", value: "next-session", grade: "B", source: "T+1 for A shares" },
  );

const nextSession = (from: string, source: string): readonly Dated<SaleOfBought>[] =>
  timeline({ from, value: "next-session", grade: "B", source });

const bShares = (opened: string): readonly Dated<SaleOfBought>[] =>
  timeline(
    { from: opened, value: "same-day", grade: "C", source: sources.secondary },
    { from: "2001-12-01", value: "next-session", grade: "C", source: sources.secondary },
  );

export const saleOfBought: Readonly<Record<Board, readonly Dated<SaleOfBought>[]>> = {
  MAIN: aShares("1990-12-19"),
  CHINEXT: nextSession("2009-10-30", "T+1 for A shares"),
  STAR: nextSession("2019-07-22", sources.sseStar),
  BSE: nextSession("2021-11-15", sources.beijing),
  B_SSE: bShares("1992-02-21"),
  B_SZSE: bShares("1992-02-28"),
};

export function saleOfBoughtOn(board: Board, day: Day): Dated<SaleOfBought> {
  return ruleOn(saleOfBought[board], day, `${board} settlement rule`);
}
