/**
 * Whether the closes of an instrument are the official ones. A source that is marked (`Adjustment.exDayTolerance`) keeps
 * last trades instead. The mark stays with the instrument, so that later imports continue its factor by the same rule.
 */
import type { Adjustment } from "#data/source";
import type { StoredInstrument } from "#data/store/panel-store";

const TOLERANCE = "exDayTolerance";

export interface CloseRule {
  /** Size of the noise, as a ratio; see `closeNoiseOf`. */
  readonly ratio: number;
  /** Days of the store's axis. */
  readonly days: Int32Array;
  /** To be remembered with the instrument. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The history was derived by another rule and must be derived anew. */
  readonly isNew: boolean;
}

/** The rule for an instrument; undefined when all its closes are official. */
export function closeRuleOf(
  adjustment: Adjustment,
  stored: StoredInstrument,
  days: Int32Array,
): CloseRule | undefined {
  const arriving = adjustment.kind === "raw" ? (adjustment.exDayTolerance ?? 0) : 0;
  const kept = Number(stored.attributes[TOLERANCE] ?? 0);
  const ratio = Math.max(arriving, kept);
  if (ratio === 0) return undefined;
  const isNew = ratio !== kept && stored.first <= stored.last;
  return { ratio, days, attributes: { [TOLERANCE]: String(ratio) }, isNew };
}
