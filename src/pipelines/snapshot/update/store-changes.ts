/**
 * Which instruments' stored values differ between two generations of a store, and from which session on. Files that both
 * generations list are not read; rows that were written again are compared value by value, since folding and recomputing
 * write much that is the same.
 */
import type { OpenedStore } from "#data/store/open-store";
import {
  LANES_PER_BLOCK,
  type StoredInstrument,
  type StoredValues,
  type StoreSnapshot,
} from "#data/store/panel-store";
import { ManifestSnapshot } from "#data/store/snapshot";
import type { Day } from "#market/day";
import { PinnedHistory } from "../../pinned-history.ts";

export interface StoreChangeRequest {
  /** The generation that is exported. */
  readonly now: StoreSnapshot;
  /** The earlier one. */
  readonly generation: number;
  /** Fields by set, those that adjust others among them. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/**
 * First session with another value (or with or without a row) for each instrument concerned, among the sessions of the
 * earlier generation. Null when that generation is no longer kept or its rows or fields were others.
 */
export async function storeChangesSince(
  store: OpenedStore,
  { now, generation, fields }: StoreChangeRequest,
): Promise<ReadonlyMap<string, Day> | null> {
  await using history = new PinnedHistory(store, now);
  const before = await history.of(generation);
  if (before === null) return null;
  if (before.time.days[0] !== now.time.days[0] || before.time.days.length > now.time.days.length) return null;
  for (const [set, names] of fields) {
    const known = new Set(before.fieldSets.get(set)?.fields.map(({ name }) => name));
    if (!names.every((name) => known.has(name))) return null;
  }
  const firstRows = new Map<StoredInstrument, number>();
  const note = (instrument: StoredInstrument | undefined, row: number): void => {
    if (instrument === undefined || row > instrument.last) return;
    const from = Math.max(row, instrument.first);
    firstRows.set(instrument, Math.min(firstRows.get(instrument) ?? from, from));
  };
  noteSpans(before, now, note);
  for (let block = 0; block < before.blocks; block++) {
    const lanes = lanesOf(now, block);
    for (const [set, names] of fields) {
      const rewritten = ManifestSnapshot.rowsRewritten({ set, block }, before, now);
      if (rewritten === null) continue;
      const rows = { from: rewritten.from, to: Math.min(rewritten.to, before.time.days.length) };
      if (rows.from >= rows.to) continue;
      for (const name of names) {
        const [old, current] = await Promise.all(
          [before, now].map(async (each) => (await each.readBlock(set, block, [name], rows)).get(name)!),
        );
        for (const [lane, row] of firstDifferences(old!, current!)) note(lanes.get(lane), rows.from + row);
      }
    }
  }
  const days = [...firstRows].map(([{ id }, row]) => [id, now.time.days[row]!] as const);
  return new Map(days.sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Instruments that begin or end elsewhere than they did, their last row apart when they only went on. */
function noteSpans(
  before: StoreSnapshot,
  now: StoreSnapshot,
  note: (instrument: StoredInstrument, row: number) => void,
): void {
  const known = new Map(before.instruments.map((instrument) => [instrument.id, instrument]));
  const rowsBefore = before.time.days.length;
  for (const instrument of now.instruments) {
    const old = known.get(instrument.id);
    if (old === undefined || old.first > old.last) {
      if (instrument.first < rowsBefore) note(instrument, instrument.first);
      continue;
    }
    if (old.first !== instrument.first || old.last > instrument.last) note(instrument, instrument.first);
    else if (old.last < instrument.last && old.last < rowsBefore - 1) note(instrument, old.last + 1);
    if ((old.attributes["adjustment"] ?? "raw") !== (instrument.attributes["adjustment"] ?? "raw"))
      note(instrument, instrument.first);
  }
}

function lanesOf(snapshot: StoreSnapshot, block: number): ReadonlyMap<number, StoredInstrument> {
  const own = snapshot.instruments.filter((instrument) => instrument.block === block);
  return new Map(own.map((instrument) => [instrument.lane, instrument]));
}

/** First differing row of each lane that has one. */
function firstDifferences(left: StoredValues, right: StoredValues): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (let cell = 0; cell < left.length; cell++) {
    if (Object.is(left[cell], right[cell])) continue;
    const lane = cell % LANES_PER_BLOCK;
    if (!found.has(lane)) found.set(lane, Math.floor(cell / LANES_PER_BLOCK));
  }
  return found;
}
