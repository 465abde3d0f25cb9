/** A Qlib directory beside a workspace, kept in step by precompute runs, updated and looked over by hand. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alphaloom, answerOf, done, type Refusal } from "./testing/program.ts";
import { sessions, wholeStocks, writeMarket } from "./testing/real-market.ts";

let folder: string;
let workspace: string;
const place = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qlib-hook-"));
  workspace = place("workspace");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function market(to: number): Promise<void> {
  const days = await sessions();
  await writeMarket(place("market.parquet"), [
    { codes: await wholeStocks(5), from: days[0]!, to: days[to - 1]! },
  ]);
}

function contentOf(root: string): ReadonlyMap<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files
      .map((entry) => {
        const file = join(entry.parentPath, entry.name);
        return [relative(root, file), readFileSync(file, "base64")] as const;
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

async function expectFresh(dir: string): Promise<void> {
  await done(folder, ["qlib", "dump", place("fresh"), "--set", "alpha158", "--overwrite"]);
  const [mine, fresh] = [contentOf(dir), contentOf(place("fresh"))];
  expect([...mine.keys()]).toEqual([...fresh.keys()]);
  expect([...fresh].filter(([name, text]) => mine.get(name) !== text).map(([name]) => name)).toEqual([]);
}

interface Answer {
  readonly problems?: readonly { readonly step: string; readonly code: string }[];
}

test("precompute runs create a Qlib directory and keep it in step; a failure is the step's, not the run's", async () => {
  await market(300);
  await done(folder, ["import", `parquet:${place("market.parquet")}`]);
  writeFileSync(join(workspace, "settings.yaml"), "qlib: { dir: qlib, sets: [alpha158] }\n");
  const dir = join(workspace, "qlib");
  await done(folder, ["precompute", "run", "--set", "alpha158"]);
  await expectFresh(dir);
  await market(303);
  await done(folder, ["precompute", "update", "--set", "alpha158"]);
  expect(readFileSync(join(dir, "calendars/day.txt"), "utf8").trim().split("\n")).toHaveLength(303);
  await expectFresh(dir);

  mkdirSync(join(workspace, "mine"));
  writeFileSync(join(workspace, "mine", "notes.txt"), "mine");
  writeFileSync(join(workspace, "settings.yaml"), "qlib: { dir: mine }\n");
  await market(304);
  const failed = await alphaloom(folder, ["precompute", "update", "--set", "alpha158", "--json"]);
  expect(failed.code).toBe(3);
  expect(JSON.stringify(answerOf(failed) as Answer)).toMatch(
    /qlib.*DATA_NOT_PERMITTED|DATA_NOT_PERMITTED.*qlib/s,
  );
  expect(readdirSync(join(workspace, "mine"))).toEqual(["notes.txt"]);
}, 180_000);

test("qlib update and qlib health by hand, with their exit codes", async () => {
  const dir = join(workspace, "qlib");
  const answer = answerOf(await done(folder, ["qlib", "update", dir, "--json"]));
  expect(answer).toMatchObject({ ok: true, mode: "changed", newDays: 1, days: 304 });
  await expectFresh(dir);
  expect(answerOf(await done(folder, ["qlib", "update", dir, "--json"]))).toMatchObject({
    mode: "unchanged",
  });

  const well = await alphaloom(folder, ["qlib", "health", dir, "--json", "--no-benchmark"]);
  expect(well.code).toBe(0);
  expect(answerOf(well)).toMatchObject({ ok: true, healthy: true, instruments: 5, calendar: "XSHG" });
  const [code] = readdirSync(join(dir, "features"));
  truncateSync(join(dir, "features", code!, "close.day.bin"), 101);
  const ill = await alphaloom(folder, ["qlib", "health", dir, "--lang", "en"]);
  expect(ill.code).toBe(3);
  expect(ill.out).toContain("File cut or empty");
  await done(folder, ["qlib", "update", dir, "--compare-all"]);
  await expectFresh(dir);

  const refused = await alphaloom(folder, ["qlib", "update", join(workspace, "mine"), "--json"]);
  expect(refused.code).toBe(1);
  expect((answerOf(refused) as Refusal).error.code).toBe("DATA_NOT_PERMITTED");
  const none = await alphaloom(folder, ["qlib", "health", place("nowhere"), "--json"]);
  expect((answerOf(none) as Refusal).error.code).toBe("DATA_FILE_MISSING");
}, 180_000);
