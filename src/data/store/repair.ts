import type { Column } from "#panel/panel";
import { DataError } from "../errors.ts";
import { firstRow } from "./axis.ts";
import type { SegmentEntry } from "./manifest.ts";
import { keptManifest, MANIFEST } from "./manifest.ts";
import { lockForWriting } from "./marks.ts";
import type { OpenedStore } from "./open-store.ts";
import type { FieldSet, RowRange } from "./panel-store.ts";
import type { Damage } from "./segment-files.ts";
import { damageError } from "./segment-files.ts";
import { readWhole } from "./storage.ts";
import { keptGenerations, readCurrent, readKept } from "./store-parts.ts";
import { entryDamages } from "./verify.ts";

/** What is to be computed anew: fields of a set × a block × rows; null when it cannot be. */
export type Recompute = (wanted: {
  readonly set: FieldSet;
  readonly block: number;
  readonly fields: readonly string[];
  readonly rows: RowRange;
}) => Promise<readonly Column[] | null>;

export interface RepairReport {
  /** The generation that is current afterwards. */
  readonly generation: number;
  /** The manifest was damaged and was restored from the copy of this generation. */
  readonly manifestRestoredFrom: number | null;
  /** Generations that are kept no longer because their manifest was damaged. */
  readonly generationsLost: readonly number[];
  /** One sentence for each damage. What is lost stays damaged: reading it goes on to fail. */
  readonly repaired: readonly string[];
  readonly lost: readonly string[];
}

/**
 * Recomputes what is damaged in the current generation and can be; the rest is reported. Damaged files leave with
 * the generations that list them. Throws STORE_DAMAGED when no manifest can be read at all.
 */
export async function repairStore(store: OpenedStore, recompute: Recompute): Promise<RepairReport> {
  const { manifestRestoredFrom, generationsLost } = await repairManifests(store);
  await using writer = await store.writer();
  const current = await readCurrent(store.parts);
  if (writer.base === null || current === null) {
    return { generation: 0, manifestRestoredFrom, generationsLost, repaired: [], lost: [] };
  }
  const { axis, segments, fieldSets } = current.manifest;
  const repaired: string[] = [];
  const lost: string[] = [];
  const damaged: { readonly entry: SegmentEntry; readonly isWhole: boolean }[] = [];
  for (const entry of segments) {
    const damages = await entryDamages(store, entry);
    const set = fieldSets.get(entry.set);
    if (damages.length === 0 || set === undefined) continue;
    let isWhole = true;
    for (const { fields, ...damage } of byRows(damages, entry)) {
      const rows = { from: damage.from - firstRow(axis), to: damage.to - firstRow(axis) };
      const columns = fields.length === 0 ? [] : await recompute({ set, block: entry.block, fields, rows });
      if (columns === null) isWhole = false;
      else if (columns.length > 0) await writer.put(set, entry.block, rows.from, columns);
      const sentences = damage.damages.map((one) => damageError(one, axis).message);
      (columns === null ? lost : repaired).push(...sentences);
    }
    damaged.push({ entry, isWhole });
  }
  // What a file still holds unharmed moves on, so that nothing of it is needed any more; not where that cannot be read.
  for (const { entry, isWhole } of damaged) {
    const isBlocked = damaged.some((other) => !other.isWhole && overlap(other.entry, entry));
    if (isWhole && !isBlocked) await writer.refold(entry.set, entry.block, entry);
  }
  const generation = await writer.commit({ reason: "repair" });
  return { generation, manifestRestoredFrom, generationsLost, repaired, lost };
}

function overlap(one: SegmentEntry, other: SegmentEntry): boolean {
  return one.set === other.set && one.block === other.block && one.from < other.to && other.from < one.to;
}

/** Damages of one file, those of several fields over the same rows together, without fields that were dropped. */
function byRows(
  damages: readonly Damage[],
  entry: SegmentEntry,
): { readonly from: number; readonly to: number; readonly fields: readonly string[]; damages: Damage[] }[] {
  const groups = new Map<string, Damage[]>();
  for (const damage of damages) {
    const key = `${damage.from} ${damage.to}`;
    groups.set(key, [...(groups.get(key) ?? []), damage]);
  }
  return [...groups.values()].map((group) => ({
    from: group[0]!.from,
    to: group[0]!.to,
    fields: group
      .flatMap((damage) => (damage.field === undefined ? entry.fields : [damage.field]))
      .filter((field) => entry.fields.includes(field)),
    damages: group,
  }));
}

/** Restores a damaged current manifest from the newest copy that is whole, and forgets copies that are not. */
async function repairManifests(
  store: OpenedStore,
): Promise<Pick<RepairReport, "manifestRestoredFrom" | "generationsLost">> {
  const { parts } = store;
  const { storage } = parts;
  const lock = await lockForWriting(storage, parts.processes);
  try {
    let restored: number | null = null;
    const damage = await damageOf(() => readCurrent(parts));
    const lost: number[] = [];
    for (const generation of await keptGenerations(storage)) {
      if ((await damageOf(() => readKept(parts, generation))) !== null) {
        lost.push(generation);
        continue;
      }
      if (damage === null || restored !== null) continue;
      const copy = await readWhole(storage, keptManifest(generation));
      await storage.swap(MANIFEST, copy!, await readWhole(storage, MANIFEST));
      restored = generation;
    }
    if (damage !== null && restored === null) throw damage;
    await storage.remove(lost.map(keptManifest));
    await storage.flush();
    const current = await readCurrent(parts);
    return {
      manifestRestoredFrom: restored,
      generationsLost: lost.filter((generation) => generation !== current?.manifest.generation),
    };
  } finally {
    await lock.release();
  }
}

async function damageOf(read: () => Promise<unknown>): Promise<DataError | null> {
  try {
    await read();
    return null;
  } catch (error) {
    if (error instanceof DataError && error.code === "STORE_DAMAGED") return error;
    throw error;
  }
}
