import { existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "#data/store/testing/sample-store";
import { sampleSet, sampleValues } from "#data/store/testing/sample-store";
import { dayOf } from "#market/day";
import { storeOf, workspaceAt } from "../workspace.ts";
import { cleanWorkspace } from "./clean-workspace.ts";

const key = { calendar: "XSHG", freq: "day" } as const;
const bars = sampleSet("bars", { close: "f64" });
const GONE = 2 ** 22 + 1;

function fileAt(root: string, path: string, options: { readonly ageHours: number }): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "content");
  const when = Date.now() / 1000 - options.ageHours * 3600;
  utimesSync(file, when, when);
  return path;
}

test("what nothing needs goes, and everything else stays", async () => {
  using folder = temporaryFolder();
  const workspace = workspaceAt(folder.path);
  const store = storeOf(workspace, key);
  for (let value = 1; value <= 2; value++) {
    await using writer = await store.writer();
    writer.cover(dayOf("2024-01-02"), dayOf("2024-01-31"));
    writer.addInstruments(["A"]);
    await writer.put(bars, 0, 0, [{ name: "close", values: sampleValues("f64", 5, () => value) }]);
    writer.setListing("reference", "industry", [
      { path: "reference/industry/listed.parquet", sha256: "0", size: 7 },
    ]);
    await writer.commit({ reason: "test" });
  }
  const old = { ageHours: 30 };
  const index = { version: 1, table: "industry", files: [{ path: "reference/industry/indexed.parquet" }] };
  const leaving = [
    fileAt(folder.path, "store/XSHG/day/segments/bars-0-9.seg", old),
    fileAt(folder.path, `reports/.report.html.${GONE}.part`, old),
    fileAt(folder.path, `reference/industry/.x.parquet.${GONE}.part`, old),
    fileAt(folder.path, "exports/.all.parquet-aB3dE9/written.parquet", old),
    fileAt(folder.path, "cache/panels/one", { ageHours: 0 }),
    fileAt(folder.path, "reference/industry/unlisted.parquet", old),
  ];
  const staying = [
    fileAt(folder.path, `reports/.report.html.${process.pid}.part`, old),
    fileAt(folder.path, `reports/.fresh.html.${GONE}.part`, { ageHours: 0 }),
    fileAt(folder.path, "reports/report.html", old),
    fileAt(folder.path, "reference/industry/listed.parquet", old),
    fileAt(folder.path, "reference/industry/indexed.parquet", old),
    fileAt(folder.path, "reference/industry/being-imported.parquet", { ageHours: 0 }),
  ];
  writeFileSync(join(folder.path, "reference/industry/index.json"), JSON.stringify(index));
  const dry = await cleanWorkspace(workspace, { dryRun: true });
  expect(dry.files.map(({ path }) => path).toSorted()).toEqual(leaving.slice(1).toSorted());
  for (const path of leaving) expect(existsSync(join(folder.path, path))).toBe(true);
  const report = await cleanWorkspace(workspace);
  expect(report.stores).toMatchObject([
    { store: "XSHG/day", removedFiles: 1, removedBytes: 7, removedGenerations: [], skipped: null },
  ]);
  expect(report.removedBytes).toBe(7 * leaving.length);
  for (const path of leaving) expect(existsSync(join(folder.path, path)), path).toBe(false);
  for (const path of staying) expect(existsSync(join(folder.path, path)), path).toBe(true);
  await using writer = await store.writer();
  expect((await cleanWorkspace(workspace)).stores).toMatchObject([
    { skipped: expect.stringContaining("STORE_LOCKED") },
  ]);
  await writer.abort();
  expect((await cleanWorkspace(workspaceAt(join(folder.path, "nothing")))).stores).toEqual([]);
});
