import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { factorSet } from "../../src/factors/catalogue.ts";
import { engineOf } from "../../src/pipelines/precompute/factor-parts.ts";
import { validateFactors } from "../../src/pipelines/precompute/validation/validate-factors.ts";
import { openSource, refreshData } from "../../src/pipelines/refresh-data.ts";
import { storeFactors } from "../../src/pipelines/store-factors.ts";
import { storeOf, workspaceAt } from "../../src/pipelines/workspace.ts";
import { sharedData } from "./shared-data.ts";

/** Real bars keep to every declared bound, and the vector code to the reference, wherever something looks odd. */
test("factors of the CSI 300 over five years have no error by any rule", async () => {
  const root = mkdtempSync(join(tmpdir(), "validation-"));
  try {
    const workspace = workspaceAt(root);
    const source = `parquet:${sharedData("reference", "csi300-daily-2020-2025.parquet")}`;
    await refreshData(workspace, await openSource(source), { engine: "test" });
    const sets = ["alpha158", "tech", "fund", "base", "stat", "time", "candle"].map(factorSet);
    const store = storeOf(workspace, { calendar: "XSHG", freq: "day" });
    await storeFactors(store, sets, { engine: "test" });
    await using snapshot = await store.snapshot();
    const engine = engineOf({ engine: "test" });
    const report = await validateFactors(snapshot, sets, { engine, store, mode: "full" });
    expect(report.rules.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(report).toMatchObject({ ok: true, fresh: true, damaged: [], wrong: [] });
    expect(report.sample!.unjudged).toBe(0);
    expect(report.sample!.suspicious).toBeGreaterThan(0);
    expect(report.sample!.series).toBeGreaterThan(64 * 400);
    expect(report.score).toBeGreaterThan(99);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
