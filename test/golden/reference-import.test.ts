import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { importReference } from "#data/reference/import-reference";
import { openReference } from "#data/reference/reference-table";
import { openDataSource } from "#data/sources/open-source";
import { sharedData } from "./shared-data.ts";

/** Every CSV of the folder of fundamentals and macro series. */
const folder = sharedData("reference", "fundamentals-chip", "data");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
  path.endsWith(".csv"),
);

test("every table that is recognised as reference can be imported and is there afterwards", async () => {
  const workspace = mkdtempSync(join(tmpdir(), "reference-import-"));
  const tables = new Set<string>();
  for (const path of files.filter((each) => each !== "trade_cal.csv")) {
    const opened = await openDataSource(`csv:${join(folder, path)}`);
    if (opened.kind !== "reference") continue;
    const { table, rows } = await importReference(workspace, opened.source, { knownAt: 20_000 });
    expect(rows, path).toBeGreaterThan(0);
    expect(openReference(workspace, table).files.length, path).toBeGreaterThan(0);
    tables.add(table);
  }
  expect(tables.size).toBeGreaterThan(10);
});
