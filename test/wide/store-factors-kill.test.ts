/**
 * Real kill -9 of a process that stores factors: the store is the old or the new generation, nothing is damaged, and
 * storing again gives what an uninterrupted run gives. DEPTH=full takes ten times as many moments.
 */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { currentDigest } from "../../src/data/store/testing/store-digest.ts";
import { verifyStore } from "../../src/data/store/verify.ts";
import { storeFactors } from "../../src/pipelines/store-factors.ts";
import { killedSet, marketStore, noise, writeBars } from "../../src/pipelines/testing/stored-market.ts";

const root = resolve(import.meta.dirname, "..", "..");
const KILLS = process.env["DEPTH"] === "full" ? 120 : 12;
const market = { instruments: 100, from: 0, to: 300 };

let folder: string;
const place = (name: string): string => join(folder, name);
/** Files that a run staged. */
const filesOf = (name: string): number =>
  readdirSync(join(place(name), "24x7", "day", "segments")).filter((file) => file.includes("~")).length;
const isBegun = (name: string): boolean => {
  const runs = join(place(name), "24x7", "day", "runs");
  return existsSync(runs) && readdirSync(runs).length > 0;
};

/** `bars`: no factors yet; `updated`: factors of the first 290 rows, to be brought up to date. */
const starts = ["bars", "updated"] as const;
const digests = new Map<string, { readonly old: string; readonly fresh: string }>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "kill-factors-"));
  await writeBars(marketStore(place("bars")), market);
  await writeBars(marketStore(place("updated")), { ...market, to: 290 });
  await storeFactors(marketStore(place("updated")), [killedSet], { engine: "test" });
  await writeBars(marketStore(place("updated")), { ...market, from: 290 });
  for (const start of starts) {
    const old = await currentDigest(marketStore(place(start)));
    cpSync(place(start), place("fresh"), { recursive: true });
    expect(await killed("fresh", null)).toBeNull();
    digests.set(start, { old, fresh: await currentDigest(marketStore(place("fresh"))) });
    rmSync(place("fresh"), { recursive: true });
  }
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Stores factors in a process that is killed so long after its run began, or has staged so many files; the signal that ended it. */
function killed(
  name: string,
  moment: { readonly files: number; readonly delayMs: number } | null,
): Promise<NodeJS.Signals | null> {
  const before = filesOf(name);
  const child = spawn(
    join(root, "node_modules", ".bin", "node"),
    [join(root, "src", "pipelines", "testing", "store-factors-child.ts"), place(name)],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  let timer: NodeJS.Timeout | undefined;
  const watch = setInterval(() => {
    if (moment === null || !isBegun(name) || filesOf(name) < before + moment.files) return;
    clearInterval(watch);
    timer = setTimeout(() => child.kill("SIGKILL"), moment.delayMs);
  }, 1);
  return new Promise((settle, fail) => {
    child.on("error", fail);
    child.on("close", (code, signal) => {
      clearInterval(watch);
      clearTimeout(timer);
      if (code !== null && code !== 0) fail(new Error(`storing ended with exit code ${code}`));
      else settle(signal);
    });
  });
}

test(`storing killed at ${KILLS} moments leaves the old or the new generation`, async () => {
  const seen = { old: 0, fresh: 0, killed: 0, halfWritten: 0 };
  for (let round = 0; round < KILLS; round++) {
    const start = starts[round % 2]!;
    const { old, fresh } = digests.get(start)!;
    const name = `round-${round}`;
    cpSync(place(start), place(name), { recursive: true });
    const known = filesOf(name);
    // All of a small market is a few files: most moments lie before the first, or right after it.
    const files = Math.floor(2 * noise(round, 1));
    const moment = { files, delayMs: (files === 0 ? 150 : 5) * noise(round, 2) };
    if ((await killed(name, moment)) === "SIGKILL") seen.killed++;
    const store = marketStore(place(name));
    const found = await currentDigest(store);
    expect([old, fresh], JSON.stringify(moment)).toContain(found);
    seen[found === old ? "old" : "fresh"]++;
    if (found === old && filesOf(name) > known) seen.halfWritten++;
    expect((await verifyStore(store)).findings.filter(({ kind }) => kind !== "manifest")).toEqual([]);
    await storeFactors(store, [killedSet], { engine: "test" });
    expect(await currentDigest(store), JSON.stringify(moment)).toBe(fresh);
    expect((await verifyStore(store)).findings).toEqual([]);
    rmSync(place(name), { recursive: true });
  }
  console.log(
    `killed ${seen.killed} of ${KILLS}: ${seen.old} old, ${seen.fresh} new; ${seen.halfWritten} while writing`,
  );
  expect(seen.killed).toBeGreaterThan(KILLS / 3);
  expect(seen.halfWritten).toBeGreaterThan(0);
});
