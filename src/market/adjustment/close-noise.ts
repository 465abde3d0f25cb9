/**
 * Where a source keeps the last trade of the day as its close, which closes are not the official ones. Of a mainland
 * instrument that is known by the day (`closeIsAverage`): on those days the rule of `LastTradeCloses` holds, and on all
 * others every difference of the next preclose is an ex-day, however small. Of other instruments it is not known, and
 * differences of up to `ratio`, the size of the noise that the source shows, are none on any day.
 */
import type { InstrumentId } from "../instrument.ts";
import { venueOf } from "../instrument.ts";
import { closeIsAverage } from "../session.ts";
import { venueNamed } from "../venue.ts";
import type { CloseNoise } from "./factor.ts";

/** Rows of one instrument in time order; prices in currency units, NaN where there is none. */
export interface NoisyRows {
  readonly days: Int32Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

export function closeNoiseOf(id: InstrumentId, ratio: number, rows: NoisyRows): CloseNoise {
  const { days, low, high } = rows;
  const venue = venueOf(id);
  if (venue === null || venueNamed(venue).kind !== "a-share") return { tolerance: ratio };
  return { lastTrade: { on: (row) => closeIsAverage(id, days[row]!), low, high } };
}
