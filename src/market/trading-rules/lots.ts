import type { Day } from "../day.ts";
import type { Board } from "../listing-code.ts";
import { ruleOn, timeline, type Dated } from "./dated.ts";
import { sources } from "./sources.ts";

/**
 * Order sizes in shares. A buy is at least `buyMin` and a multiple of `step` above it. A sale follows the same
 * steps, except that what is left below one lot goes out whole, alone or with other shares.
 */
export interface Lots {
  readonly buyMin: number;
  readonly step: number;
  readonly maxLimitOrder: number;
  readonly maxMarketOrder: number;
}

const hundreds: Lots = { buyMin: 100, step: 100, maxLimitOrder: 1_000_000, maxMarketOrder: 1_000_000 };
const chinext2020: Lots = { ...hundreds, maxLimitOrder: 300_000, maxMarketOrder: 150_000 };
const star: Lots = { buyMin: 200, step: 1, maxLimitOrder: 100_000, maxMarketOrder: 50_000 };
const beijing: Lots = { buyMin: 100, step: 1, maxLimitOrder: 1_000_000, maxMarketOrder: 1_000_000 };

const assumed = "as today; earlier texts not seen";

export const lots: Readonly<Record<Board, readonly Dated<Lots>[]>> = {
  MAIN: timeline({ from: "1990-12-19", value: hundreds, grade: "C", source: assumed }),
  CHINEXT: timeline(
    { from: "2009-10-30", value: hundreds, grade: "B", source: sources.szseChinext2020 },
    { from: "2020-08-24", value: chinext2020, grade: "B", source: sources.szseChinext2020 },
  ),
  STAR: timeline({ from: "2019-07-22", value: star, grade: "A", source: sources.sseStar }),
  BSE: timeline({ from: "2021-11-15", value: beijing, grade: "B", source: sources.beijing }),
  B_SSE: timeline({ from: "1992-02-21", value: hundreds, grade: "C", source: assumed }),
  B_SZSE: timeline({ from: "1992-02-28", value: hundreds, grade: "C", source: assumed }),
};

export function lotsOn(board: Board, day: Day): Dated<Lots> {
  return ruleOn(lots[board], day, `${board} lot size`);
}

/** The largest valid buy of at most `shares`; 0 when that is below one lot. Order caps are not applied. */
export function buyableShares(shares: number, { buyMin, step }: Lots): number {
  if (!(shares >= buyMin)) return 0;
  const above = Math.floor(shares - buyMin);
  return buyMin + above - (above % step);
}

/** The largest valid sale of at most `shares` out of `held`; 0 when there is none. Order caps are not applied. */
export function sellableShares(shares: number, held: number, { buyMin, step }: Lots): number {
  if (!(shares > 0) || !(held > 0)) return 0;
  if (shares >= held) return held;
  const whole = Math.floor(shares);
  if (step === 1) return whole >= buyMin ? whole : 0;
  const odd = held % step;
  const inLots = whole - (whole % step);
  // With the odd shares: as many lots as still leave the order within `shares`.
  const withOdd = whole >= odd ? odd + Math.floor((whole - odd) / step) * step : 0;
  return Math.max(inLots, withOdd);
}
