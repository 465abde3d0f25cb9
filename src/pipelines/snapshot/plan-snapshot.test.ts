/** What planning says before anything is written. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isoOf } from "#market/day";
import { calendarNamed } from "#market/calendar/exchange-calendars";
import { openSource, refreshData } from "../refresh-data.ts";
import { storeOf, workspaceAt } from "../workspace.ts";
import { planSnapshot } from "./plan-snapshot.ts";
import { StoreSnapshotSource } from "./store-snapshot-source.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "plan-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Three weeks of one share, with a further column. */
async function sourceWith(column: string, value: string): Promise<StoreSnapshotSource> {
  const days = calendarNamed("XSHG").sessionsBetween(19_400, 19_420);
  const rows = [...days].map((day) => `600000.SH,${isoOf(day)},10,10.2,9.9,10.1,1000,10100,${value}`);
  const head = `ts_code,trade_date,open,high,low,close,volume,amount,${column}`;
  writeFileSync(join(folder, "bars.csv"), `${[head, ...rows].join("\n")}\n`);
  const workspace = workspaceAt(join(folder, "workspace"));
  await refreshData(workspace, await openSource(`csv:${join(folder, "bars.csv")}`), { engine: "test" });
  return await StoreSnapshotSource.open(storeOf(workspace, { calendar: "XSHG", freq: "day" }));
}

test("instruments that were imported without factors are named where adjusted prices are asked for", async () => {
  await using source = await sourceWith("turnover", "1");
  const notes = async (adjustment: "raw" | "qfq" | "qlib"): Promise<string> =>
    (await planSnapshot(source, { adjustment })).notes.join();
  expect(await notes("qfq")).toContain("1 of 1 instruments (600000.SH) were imported without adjustment");
  expect(await notes("qlib")).toContain("600000.SH");
  expect(await notes("raw")).toBe("");
});

test("factors that are 1 because there was no ex-date are factors", async () => {
  await using source = await sourceWith("preclose", "10.1");
  expect((await planSnapshot(source, {})).notes).toEqual([]);
});
