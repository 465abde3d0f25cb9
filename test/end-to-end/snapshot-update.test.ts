import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LANES_PER_BLOCK, type FieldSet } from "../../src/data/store/panel-store.ts";
import { exportSnapshot } from "../../src/pipelines/snapshot/export-snapshot.ts";
import { staleSetsNote } from "../../src/pipelines/snapshot/passing-notes.ts";
import { StoreSnapshotSource } from "../../src/pipelines/snapshot/store-snapshot-source.ts";
import { smallStore } from "../../src/pipelines/snapshot/testing/small-store.ts";
import { alphaloom, jsonOf, newFolder } from "./command-line.ts";

/** Computed from the first generation of bars. */
const SET: FieldSet = {
  name: "momentum",
  role: "factor",
  fields: [
    { name: "MOM", dtype: "f32", unit: "1", lineage: { from: "test", engine: "test", inputGeneration: 1 } },
  ],
};

test("an update tells of factors that were computed from other bars than there are now", async () => {
  const folder = newFolder();
  const workspace = join(folder, "workspace");
  const stores = join(workspace, "store");
  const store = await smallStore(stores);
  {
    await using writer = await store.writer();
    const values = new Float32Array(writer.time.days.length * LANES_PER_BLOCK).fill(1);
    await writer.put(SET, 0, 0, [{ name: "MOM", values }]);
    await writer.commit({ reason: "factors" });
  }
  {
    await using source = await StoreSnapshotSource.open(store);
    const place = { root: join(workspace, "snapshots"), id: "it" };
    await exportSnapshot({ ...place, source, request: { sets: ["all"] }, engine: "test", now: () => 0 });
  }
  // The same bars, twice as dear.
  await smallStore(stores, { scale: 2 });
  const answer = await alphaloom(folder, ["snapshot", "update", "--id", "it", "--json"]);
  expect(answer.code, answer.err).toBe(0);
  expect(jsonOf(answer)).toMatchObject({ changed: true, notes: [staleSetsNote(["momentum"])] });
  rmSync(folder, { recursive: true });
});
