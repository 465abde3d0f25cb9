import { visibleEntries, spanOf } from "./layers.ts";
import type { OpenedStore } from "./open-store.ts";

export interface CompactReport {
  /** The generation that is current afterwards; the same as before when there was nothing to do. */
  readonly generation: number;
  /** Sets × blocks that were rewritten. */
  readonly rewritten: number;
}

/**
 * Rewrites every set and block that lies in more than one piece as one segment (several where 256 MB are exceeded).
 * Values do not change. One block is in memory at a time. Throws STORE_DAMAGED, and then changes nothing.
 */
export async function compactStore(
  store: OpenedStore,
  options: { readonly signal?: AbortSignal } = {},
): Promise<CompactReport> {
  await using writer = await store.writer();
  if (writer.base === null) return { generation: 0, rewritten: 0 };
  let rewritten = 0;
  for (const set of writer.base.fieldSets.keys()) {
    for (let block = 0; block < writer.base.blocks; block++) {
      options.signal?.throwIfAborted();
      const entries = visibleEntries(writer.segmentsOf(set, block));
      const isWhole = (index: number): boolean =>
        index === 0 || entries[index - 1]!.to === entries[index]!.from;
      const ordered = entries.every((_, index) => isWhole(index));
      const large = entries.every((entry) => entry.bytes * 2 > store.parts.layout.splitBytes);
      if (entries.length < 2 || (ordered && large)) continue;
      await writer.refold(set, block, spanOf(entries));
      rewritten++;
    }
  }
  return { generation: await writer.commit({ reason: "compaction" }), rewritten };
}
