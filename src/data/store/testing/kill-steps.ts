import { compactStore } from "../compact.ts";
import type { OpenedStore, StoreOptions } from "../open-store.ts";
import { openStore } from "../open-store.ts";
import type { FieldSet } from "../panel-store.ts";
import { sampleSessions, sampleSet, sampleValues } from "./sample-store.ts";

const bars: FieldSet = sampleSet("bars", { close: "f64", ma: "f32" });
const ids = Array.from({ length: 40 }, (_, index) => `S${index}`);

export function killStore(root: string, options: Partial<StoreOptions> = {}): OpenedStore {
  return openStore(
    root,
    { calendar: "24x7", freq: "day" },
    {
      sessionsBetween: sampleSessions,
      now: () => 0,
      layout: { tiers: [4, 16], pileUp: 3 },
      ...options,
    },
  );
}

/** The write that leads to generation `next`, told by its number alone: a day, sometimes a correction or a compaction. */
export async function stepTo(store: OpenedStore, next: number): Promise<number> {
  if (next % 6 === 5) {
    const { generation } = await compactStore(store);
    if (generation === next) return generation;
  }
  await using writer = await store.writer();
  writer.cover(100, 110 + next);
  writer.addInstruments(ids);
  const last = writer.time.days.length - 1;
  for (const block of [0, 1]) {
    await writer.put(bars, block, last, [
      { name: "close", values: sampleValues("f64", 1, (_, lane) => next + block / 2 + lane / 64) },
      { name: "ma", values: sampleValues("f32", 1, (_, lane) => next * lane) },
    ]);
    if (next % 3 === 0) {
      await writer.put(bars, block, next % 7, [
        { name: "close", values: sampleValues("f64", 2, (row, lane) => -next - row - lane) },
      ]);
    }
  }
  for (const id of ids) writer.setSpan(id, 0, last);
  return await writer.commit({ reason: `step ${next}` });
}
