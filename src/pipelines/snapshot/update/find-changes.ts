/**
 * Which of a snapshot's rows its source tells otherwise now. Asked in this order, each for what the one before cannot see:
 *
 * 1. coverage up to the snapshot's end: instruments that are new or gone, with other rows, or with another adjustment;
 * 2. a store's generations: values that were written since;
 * 3. the last sessions (the overlap), value by value. An instrument that differs in its first row there is compared whole:
 *    its history was rewritten, as a front-adjusted one is at every ex-date.
 *
 * Whatever is suspected is compared with the file before it counts, so that nothing is written that is the same.
 */
import type { Frame } from "#data/export/frame";
import type { Day } from "#market/day";
import type { InstrumentCoverage } from "../snapshot-source.ts";
import { compareFrames, type KeyDifference } from "./compare-frames.ts";
import type { ExportState } from "./export-state.ts";

export const MS_PER_DAY = 86_400_000;

/** Rows the snapshot holds. */
export interface HeldRows {
  /** Those at or after a time; all unless told. */
  rows(from?: number): Frame;
}

export interface ChangeQuestion {
  readonly held: HeldRows;
  /** Rows of the source up to the snapshot's end, in the form of the held ones. */
  readonly fresh: (scope: {
    readonly from: Day;
    readonly instruments?: ReadonlySet<string>;
  }) => Promise<Frame>;
  /** The file's spelling of a canonical id. */
  readonly spell: (instrument: string) => string;
  readonly start: Day;
  readonly end: Day;
  /** What the source has up to the snapshot's end, without instruments that cannot be read. */
  readonly coverage: readonly InstrumentCoverage[];
  /** What it had; null when that is not known, and everything is compared. */
  readonly state: ExportState | null;
  /** First changed days by instrument, of others too; null when the source cannot tell them. */
  readonly written: ReadonlyMap<string, Day> | null;
  /** A value up to this day may scale all prices of its instrument; null when none does. */
  readonly baseDay: Day | null;
  /** First session of the overlap; after the end when there is none. */
  readonly overlapFrom: Day;
  /** Left as they are, whatever the source says. */
  readonly failed: ReadonlySet<string>;
  readonly signal?: AbortSignal;
}

export type ChangeReason =
  | "new instrument"
  | "gone from the source"
  | "other rows than before"
  | "adjustment or rows changed"
  | "corrected in the store"
  | "history rewritten"
  | "corrected";

export interface FoundChange extends KeyDifference {
  readonly reason: ChangeReason;
}

interface Suspicion {
  readonly from: Day;
  readonly reason: ChangeReason;
}

/** By canonical id. */
export async function findChanges(question: ChangeQuestion): Promise<ReadonlyMap<string, FoundChange>> {
  const { state, start, end, overlapFrom } = question;
  if (state === null) return await compareFrom(question, start, () => "corrected");
  const suspects = suspectsOf(question, state);
  const found = new Map<string, FoundChange>();
  const overlap = overlapFrom > end ? [] : await compareFrom(question, overlapFrom, () => "corrected");
  for (const [instrument, change] of overlap) {
    if (suspects.has(instrument)) continue;
    if (change.isFromStart && overlapFrom > start)
      suspects.set(instrument, { from: start, reason: "history rewritten" });
    else found.set(instrument, change);
  }
  if (suspects.size === 0) return found;
  const from = Math.min(...[...suspects.values()].map((suspicion) => suspicion.from));
  const reasonOf = (instrument: string): ChangeReason => suspects.get(instrument)!.reason;
  const confirmed = await compareFrom(question, from, reasonOf, new Set(suspects.keys()));
  for (const [instrument, change] of confirmed) found.set(instrument, change);
  return found;
}

/** Instruments that have to be looked at from a session before the overlap on. */
function suspectsOf(question: ChangeQuestion, state: ExportState): Map<string, Suspicion> {
  const { coverage, written, start, baseDay, overlapFrom, failed } = question;
  const suspects = new Map<string, Suspicion>();
  const suspect = (instrument: string, from: Day, reason: ChangeReason): void => {
    if (from >= overlapFrom || failed.has(instrument)) return;
    const known = suspects.get(instrument);
    if (known === undefined || known.from > from)
      suspects.set(instrument, { from, reason: known?.reason ?? reason });
  };
  const before = new Map(state.instruments.map((each) => [each.instrument, each]));
  for (const now of coverage) {
    const old = before.get(now.instrument);
    before.delete(now.instrument);
    if (old === undefined) suspect(now.instrument, now.first, "new instrument");
    else if (old.first !== now.first || old.last !== now.last || old.rows !== now.rows)
      suspect(now.instrument, start, "other rows than before");
    else if (old.fingerprint === "") suspect(now.instrument, start, "corrected");
    else if (old.fingerprint !== now.fingerprint)
      suspect(now.instrument, start, "adjustment or rows changed");
  }
  for (const { instrument, first } of before.values()) suspect(instrument, first, "gone from the source");
  const held = new Set(coverage.map(({ instrument }) => instrument));
  for (const [instrument, from] of written ?? []) {
    if (!held.has(instrument)) continue;
    const rescales = baseDay !== null && from <= baseDay;
    suspect(instrument, rescales ? start : Math.max(from, start), "corrected in the store");
  }
  return suspects;
}

async function compareFrom(
  question: ChangeQuestion,
  from: Day,
  reasonOf: (instrument: string) => ChangeReason,
  instruments?: ReadonlySet<string>,
): Promise<Map<string, FoundChange>> {
  const { held, fresh, spell, coverage, state, failed, signal } = question;
  const known = [...coverage, ...(state?.instruments ?? [])].map(({ instrument }) => instrument);
  const canonical = new Map(known.map((instrument) => [spell(instrument), instrument]));
  const left = new Set([...failed].map(spell));
  const own = held.rows(from * MS_PER_DAY);
  const wanted = instruments === undefined ? null : new Set([...instruments].map(spell));
  const only = new Set(own.keys.filter((key) => !left.has(key) && (wanted === null || wanted.has(key))));
  const rows = await fresh({ from, ...(instruments === undefined ? {} : { instruments }) });
  const differences = await compareFrames({ frame: own, only }, { frame: rows }, signal);
  const found = new Map<string, FoundChange>();
  for (const [key, difference] of differences) {
    const instrument = canonical.get(key) ?? key;
    found.set(instrument, { ...difference, reason: reasonOf(instrument) });
  }
  return found;
}
