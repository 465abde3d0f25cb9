/** All recognisers, in the order they are asked: the most telling signs first, the catch-all last. */
import type { Recogniser } from "../recognition.ts";
import { bars } from "./bars.ts";
import { holidays, sessionHours, tradingDays } from "./calendars.ts";
import { bookSnapshots, exchangeFeed, orders, trades } from "./events.ts";
import { quantconnectDaily, quantconnectFactors, quantconnectMap } from "./quantconnect.ts";
import { referenceTable } from "./reference.ts";

export const recognisers: readonly Recogniser[] = [
  exchangeFeed,
  bookSnapshots,
  orders,
  trades,
  quantconnectDaily,
  quantconnectFactors,
  quantconnectMap,
  sessionHours,
  tradingDays,
  holidays,
  bars,
  referenceTable,
];
