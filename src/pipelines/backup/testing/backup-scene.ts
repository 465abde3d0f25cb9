import { createHash } from "node:crypto";
import type { Disk } from "#data/store/disk";
import { localStorage } from "#data/store/local-storage";
import { openStore, type OpenedStore } from "#data/store/open-store";
import type { StoreWriter } from "#data/store/panel-store";
import type { Storage } from "#data/store/storage";
import { sampleSessions, sampleSet, sampleValues } from "#data/store/testing/sample-store";
import { bootedProcesses } from "#data/store/testing/scenario";

export const sceneKey = { calendar: "XSHG", freq: "day" } as const;
const bars = sampleSet("bars", { close: "f64" });
const factors = sampleSet("alpha", { MA5: "f32" }, "factor");
const ids = Array.from({ length: 33 }, (_, index) => `S${index}`);

/** A workspace on a disk: its folder and its one store. */
export interface Scene {
  readonly workspace: Storage;
  readonly store: OpenedStore;
}

export function sceneOn(disk: Disk, boot = "one", keep = 2): Scene {
  return {
    workspace: localStorage("/w", disk),
    store: openStore("/", sceneKey, {
      sessionsBetween: sampleSessions,
      now: () => 0,
      keep,
      storage: localStorage("/w/store/XSHG/day", disk),
      processes: bootedProcesses(boot),
      layout: { tiers: [4, 16], chunkRows: 4, pileUp: 3 },
    }),
  };
}

/** Puts a reference file as an import leaves it, its table's index with it. */
async function putReference(
  workspace: Storage,
  content: string,
): Promise<{ path: string; sha256: string; size: number }> {
  const bytes = new TextEncoder().encode(content);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const file = { path: `reference/industry/${sha256.slice(0, 16)}.parquet`, sha256, size: bytes.length };
  await workspace.put(file.path, [{ at: 0, bytes }]);
  const index = { version: 1, table: "industry", files: [{ ...file, rows: 1, from: content }] };
  await workspace.flush();
  await workspace.swap(
    "reference/industry/index.json",
    new TextEncoder().encode(JSON.stringify(index)),
    null,
  );
  return file;
}

/** One generation: the first with history and a reference table, the others with a day and now and then a correction. */
export async function nextGeneration({ workspace, store }: Scene, salt = 0): Promise<number> {
  const isFirst = !(await store.exists());
  const listed = isFirst ? await putReference(workspace, "industries") : null;
  await using writer: StoreWriter = await store.writer();
  const next = (writer.base?.generation ?? 0) + 1;
  writer.cover(100, isFirst ? 110 : 110 + next);
  writer.addInstruments(ids);
  const rows = writer.time.days.length;
  const from = isFirst ? 0 : rows - 1;
  for (const block of [0, 1]) {
    const close = sampleValues(
      "f64",
      rows - from,
      (row, lane) => salt + next * 100 + row + lane / 64 + block,
    );
    await writer.put(bars, block, from, [{ name: "close", values: close }]);
    const ma = sampleValues("f32", rows - from, (row, lane) => next + row * lane);
    await writer.put(factors, block, from, [{ name: "MA5", values: ma }]);
  }
  if (next % 3 === 0) {
    await writer.put(bars, 0, 2, [{ name: "close", values: sampleValues("f64", 1, () => -next - salt) }]);
  }
  for (const id of ids) writer.setSpan(id, 0, rows - 1);
  if (listed !== null) writer.setListing("reference", "industry", [listed]);
  return await writer.commit({ reason: `generation ${next}` });
}
