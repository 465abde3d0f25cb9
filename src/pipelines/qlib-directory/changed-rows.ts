/**
 * Which rows of a directory's files may be others than the current generation gives, block by block. A file shows either
 * the generation of the record or one that an unfinished update was writing, so what changed since any of them counts.
 */
import type { ExportRecord, ShownGeneration } from "#data/export/qlib-bin/export-record";
import type { RowRange, StoreSnapshot } from "#data/store/panel-store";
import type { PinnedHistory } from "../pinned-history.ts";
import { changedInputs } from "../stale-rows.ts";
import type { DirectoryPart } from "./directory-parts.ts";

export interface ShownBase {
  readonly shown: ShownGeneration;
  readonly snapshot: StoreSnapshot;
}

/** The generations that files may show; null when one of them is kept no longer or is of another store. */
export async function shownBases(
  history: PinnedHistory,
  record: ExportRecord,
): Promise<readonly ShownBase[] | null> {
  const bases: ShownBase[] = [];
  for (const shown of [record, ...(record.updating ?? [])]) {
    const snapshot = await history.of(shown.generation);
    if (snapshot === null || snapshot.summary.writtenAt !== shown.writtenAt) return null;
    bases.push({ shown, snapshot });
  }
  return bases;
}

/** Rows of a block to look at for a part that follows from stored fields; null when none. */
export async function changedRows(
  bases: readonly ShownBase[] | null,
  { part, features }: { readonly part: DirectoryPart; readonly features: readonly string[] },
  { now, block }: { readonly now: StoreSnapshot; readonly block: number },
): Promise<RowRange | "all" | null> {
  if (bases === null || part.inputs === null) return "all";
  let found: RowRange | null = null;
  for (const { shown, snapshot: before } of bases) {
    if (part.name !== "bars" && !shown.stored.includes(part.name)) return "all";
    const known = new Set(shown.features);
    if (!features.every((name) => known.has(name))) return "all";
    const changed = await changedInputs({ before, now, fields: part.inputs }, block);
    if (changed === "all") return "all";
    if (changed === null) continue;
    found =
      found === null
        ? changed
        : { from: Math.min(found.from, changed.from), to: Math.max(found.to, changed.to) };
  }
  return found;
}
