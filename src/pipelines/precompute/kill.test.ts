/** Real kill -9 of a run in shards: begun again it computes what was not accepted, and what counts is whole. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { currentDigest } from "#data/store/testing/store-digest";
import { verifyStore } from "#data/store/verify";
import { storeFactors } from "../store-factors.ts";
import { precomputeInSteps } from "../testing/precompute-in-steps.ts";
import { killedSet, marketStore, noise, writeBars } from "../testing/stored-market.ts";

const KILLS = process.env["DEPTH"] === "full" ? 60 : 3;
const child = join(import.meta.dirname, "..", "testing", "precompute-child.ts");
const market = { instruments: 96, from: 0, to: 250 };

let folder: string;
let fresh: string;
const place = (name: string): string => join(folder, name);
const staged = (name: string): string[] =>
  readdirSync(join(place(name), "24x7/day/segments")).filter((file) => file.includes("~"));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "precompute-kill-"));
  await writeBars(marketStore(place("whole")), market);
  await storeFactors(marketStore(place("whole")), [killedSet], { engine: "test" });
  fresh = await currentDigest(marketStore(place("whole")));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Kills the child so long after its files are so many; how many shards had been accepted. */
async function killed(
  name: string,
  moment: { readonly files: number; readonly delayMs: number },
): Promise<number> {
  const running = spawn(process.execPath, [child, place(name)], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "compile-cache") },
  });
  let timer: NodeJS.Timeout | undefined;
  const watch = setInterval(() => {
    if (staged(name).length < moment.files) return;
    clearInterval(watch);
    timer = setTimeout(() => running.kill("SIGKILL"), moment.delayMs);
  }, 1);
  const signal = await new Promise<NodeJS.Signals | null>((settle, fail) => {
    running.on("error", fail);
    running.on("close", (_, how) => settle(how));
  });
  clearInterval(watch);
  clearTimeout(timer);
  expect(signal).toBe("SIGKILL");
  const accepted = join(place(name), "accepted.json");
  if (!existsSync(accepted)) return 0;
  const { results } = JSON.parse(readFileSync(accepted, "utf8")) as { results: Record<string, unknown> };
  return Object.keys(results).length;
}

test(`a run in shards killed at ${KILLS} moments ends as if it had not been`, async () => {
  const accepted: number[] = [];
  for (let round = 0; round < KILLS; round++) {
    const name = `round-${round}`;
    const moment = { files: 1 + Math.floor(7 * noise(round, 3)), delayMs: Math.floor(4 * noise(round, 4)) };
    const what = JSON.stringify(moment);
    await writeBars(marketStore(place(name)), market);
    accepted.push(await killed(name, moment));
    const store = marketStore(place(name));
    expect((await verifyStore(store)).findings, what).toEqual([]);
    await precomputeInSteps(place(name));
    expect(await currentDigest(store), what).toBe(fresh);
    expect((await verifyStore(store)).findings, what).toEqual([]);
    await store.collect();
    const { segments } = await store.manifestOf((await store.generations())[0]!.generation);
    expect(staged(name).length, `${what}: no file beside those that count`).toBe(
      segments.filter(({ run }) => run !== undefined).length,
    );
    expect(await store.runs()).toEqual([]);
    rmSync(place(name), { recursive: true });
  }
  expect(Math.max(...accepted), "some shard had been accepted when the kill came").toBeGreaterThan(0);
});
