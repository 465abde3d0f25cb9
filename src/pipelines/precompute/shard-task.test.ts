import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { storeFactors } from "../store-factors.ts";
import { killedSet, marketStore, writeBars } from "../testing/stored-market.ts";
import { workspaceAt } from "../workspace.ts";
import { engineOf } from "./factor-parts.ts";
import { planPrecompute } from "./plan.ts";
import { closeStore, prepareShards } from "./shard-task.ts";

test("a thread keeps the programs of its sets in the workspace, and a day later finds them there", async () => {
  const root = mkdtempSync(join(tmpdir(), "shard-task-"));
  try {
    const { programs, stores } = workspaceAt(root);
    const store = marketStore(stores);
    const prepared = async (): Promise<readonly string[]> => {
      {
        await using base = await store.snapshot();
        const engine = engineOf({ engine: "test" });
        const plan = await planPrecompute(store, base, { run: "any", sets: [killedSet], engine });
        await prepareShards({ workspace: root, store: store.key, plan });
      }
      await closeStore();
      return readdirSync(programs).sort();
    };
    await writeBars(store, { instruments: 3, from: 0, to: 30 });
    await storeFactors(store, [killedSet], { engine: "test" });
    await writeBars(store, { instruments: 3, from: 30, to: 31 });
    const before = await prepared();
    expect(before).toHaveLength(2);
    await storeFactors(store, [killedSet], { engine: "test" });
    await writeBars(store, { instruments: 3, from: 31, to: 32 });
    expect(await prepared()).toEqual(before);
  } finally {
    rmSync(root, { recursive: true });
  }
});
