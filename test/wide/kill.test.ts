/**
 * Real kill -9 of an importing process: the store is the old or the new generation, nothing is damaged, and importing
 * again gives what an uninterrupted import gives. Half of the moments lie anywhere in the run, half right after the
 * first new file appears, where the writing is. DEPTH=full takes ten times as many.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { verifyStore } from "../../src/data/store/verify.ts";
import { dayOf } from "../../src/market/day.ts";
import { openSource, refreshData } from "../../src/pipelines/refresh-data.ts";
import { storeOf, workspaceAt } from "../../src/pipelines/workspace.ts";
import { aShares } from "../end-to-end/command-line.ts";

const root = resolve(import.meta.dirname, "..", "..");
const SEED = 20_170_530;
const KILLS = process.env["DEPTH"] === "full" ? 300 : 30;
const key = { calendar: "XSHG", freq: "day" } as const;

let folder: string;
let durationMs: number;
let oldHash: string;
let newHash: string;

const place = (name: string): string => join(folder, name);
const importing = (workspace: string, end?: string): Promise<unknown> =>
  openSource(`parquet:${aShares}`).then((source) =>
    refreshData(workspaceAt(workspace), source, {
      engine: "test",
      ...(end === undefined ? {} : { request: { end: dayOf(end) } }),
    }),
  );

const segmentsOf = (workspace: string): string[] =>
  readdirSync(join(workspace, "store", "XSHG", "day", "segments"));

/** Hash of everything a reader sees: days, instruments with their spans, every value of every field. */
async function contentHash(workspace: string): Promise<string> {
  await using snapshot = await storeOf(workspaceAt(workspace), key).snapshot();
  const hash = createHash("sha256").update(snapshot.time.days);
  for (const { id, first, last } of snapshot.instruments) hash.update(`${id} ${first} ${last}\n`);
  for (const set of snapshot.fieldSets.values()) {
    const names = set.fields.map((field) => field.name);
    for (let block = 0; block < snapshot.blocks; block++) {
      for (const [name, values] of await snapshot.readBlock(set.name, block, names)) {
        hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      }
    }
  }
  return hash.digest("hex");
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "kill-"));
  await importing(place("old"), "2018-06-29");
  oldHash = await contentHash(place("old"));
  cpSync(place("old"), place("new"), { recursive: true });
  const started = performance.now();
  await killedImport(place("new"), null);
  durationMs = performance.now() - started;
  newHash = await contentHash(place("new"));
  if (newHash === oldHash) throw new Error("the import changes nothing, so nothing is tested");
});

type Moment = { readonly afterMs: number } | { readonly afterFirstFileMs: number };

/** Imports the whole file and kills the process; the signal that ended it, or null when it was done before. */
function killedImport(workspace: string, moment: Moment | null): Promise<NodeJS.Signals | null> {
  const known = segmentsOf(workspace).length;
  const child = spawn(
    join(root, "node_modules", ".bin", "node"),
    [join(root, "src", "cli", "main.ts"), "import", `parquet:${aShares}`, "--workspace", workspace],
    { stdio: "ignore", env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "compile-cache") } },
  );
  const kill = (): void => void child.kill("SIGKILL");
  let timer: NodeJS.Timeout | undefined;
  let watch: NodeJS.Timeout | undefined;
  if (moment !== null && "afterMs" in moment) timer = setTimeout(kill, moment.afterMs);
  if (moment !== null && "afterFirstFileMs" in moment) {
    watch = setInterval(() => {
      if (segmentsOf(workspace).length === known) return;
      clearInterval(watch);
      timer = setTimeout(kill, moment.afterFirstFileMs);
    }, 1);
  }
  return new Promise((settle, fail) => {
    child.on("error", fail);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      clearInterval(watch);
      if (code !== null && code !== 0) fail(new Error(`the import ended with exit code ${code}`));
      else settle(signal);
    });
  });
}

function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

test(`an import killed at ${KILLS} moments leaves the old or the new generation (seed ${SEED})`, async () => {
  const random = randomOf(SEED);
  const seen = { old: 0, new: 0, killed: 0, halfWritten: 0 };
  const stored = segmentsOf(place("old")).length;
  for (let round = 0; round < KILLS; round++) {
    const workspace = place(`round-${round}`);
    cpSync(place("old"), workspace, { recursive: true });
    const part = random();
    const moment =
      round % 2 === 0 ? { afterMs: durationMs * (0.2 + 0.85 * part) } : { afterFirstFileMs: 60 * part };
    if ((await killedImport(workspace, moment)) === "SIGKILL") seen.killed++;
    const written = segmentsOf(workspace).length;
    const store = storeOf(workspaceAt(workspace), key);
    const { findings } = await verifyStore(store);
    expect(findings, JSON.stringify(moment)).toEqual([]);
    const hash = await contentHash(workspace);
    expect([oldHash, newHash], JSON.stringify(moment)).toContain(hash);
    seen[hash === oldHash ? "old" : "new"]++;
    if (hash === oldHash && written > stored) seen.halfWritten++;
    await importing(workspace);
    expect(await contentHash(workspace), JSON.stringify(moment)).toBe(newHash);
    expect((await verifyStore(store)).findings).toEqual([]);
    rmSync(workspace, { recursive: true });
  }
  console.log(
    `killed ${seen.killed} of ${KILLS}: ${seen.old} old, ${seen.new} new generations; ${seen.halfWritten} while writing`,
  );
  expect(seen.killed).toBeGreaterThan(KILLS / 3);
  expect(seen.halfWritten).toBeGreaterThan(0);
});
