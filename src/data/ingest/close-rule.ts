/**
 * Whether a source's closes are the official ones. Where they are not, the next preclose differs from the close by a
 * little without any ex-day, and a factor derived from every difference drifts.
 *
 * A source that is marked (`Adjustment.exDayTolerance`) keeps last trades as closes. Of a mainland instrument it is
 * known on which days the official close was something else (`closeIsAverage`), so the rule of `LastTradeCloses` holds
 * on those days and no other: after them every difference is an ex-day, however small. Of other instruments that is not
 * known, and differences up to the tolerance are taken as noise throughout. The mark stays with the instrument.
 */
import type { Adjustment } from "#data/source";
import type { StoredInstrument } from "#data/store/panel-store";
import type { InstrumentId } from "#market/instrument";
import { venueOf } from "#market/instrument";
import { closeIsAverage } from "#market/session";
import { venueNamed } from "#market/venue";

const TOLERANCE = "exDayTolerance";

export interface CloseRule {
  /** Whether the close of a row of the axis is the last trade and the official one is not. */
  readonly onTrade: (row: number) => boolean;
  /** Differences up to this ratio are no ex-days on any day. */
  readonly tolerance: number;
  /** To be remembered with the instrument. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The history was derived by another rule and must be derived anew. */
  readonly isNew: boolean;
}

/** The rule for an instrument; undefined when all its closes are official. `days` are those of the store's axis. */
export function closeRuleOf(
  adjustment: Adjustment,
  stored: StoredInstrument,
  days: Int32Array,
): CloseRule | undefined {
  const arriving = adjustment.kind === "raw" ? (adjustment.exDayTolerance ?? 0) : 0;
  const kept = Number(stored.attributes[TOLERANCE] ?? 0);
  const ratio = Math.max(arriving, kept);
  if (ratio === 0) return undefined;
  const id = stored.id as InstrumentId;
  const venue = venueOf(id);
  const isKnown = venue !== null && venueNamed(venue).kind === "a-share";
  return {
    onTrade: (row) => isKnown && closeIsAverage(id, days[row]!),
    tolerance: isKnown ? 0 : ratio,
    attributes: { [TOLERANCE]: String(ratio) },
    isNew: ratio !== kept && stored.first <= stored.last,
  };
}
