/**
 * Keeping a Qlib directory in step with a market that gains a day, with Alpha158 as features: one file for each instrument
 * and feature. `--full`: 5,000 instruments, 830,000 files. That the result is a fresh dump's is asserted on a sample first.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkQlibDirectory } from "../src/data/sources/qlib-bin/health/check-directory.ts";
import { shippedFactors } from "../src/factors/catalogue.ts";
import { dumpQlibDirectory } from "../src/pipelines/qlib-directory/dump-directory.ts";
import { updateQlibDirectory, type QlibUpdate } from "../src/pipelines/qlib-directory/update-directory.ts";
import { storeFactors } from "../src/pipelines/store-factors.ts";
import { marketStore, writeBars } from "../src/pipelines/testing/stored-market.ts";

const isFull = process.argv.includes("--full");
const instruments = isFull ? 5_000 : 200;
const DAYS = 64;
const folder = mkdtempSync(join(tmpdir(), "qlib-update-"));
const set = shippedFactors.set("alpha158");

function say(name: string, value: number, unit: string): void {
  console.log(JSON.stringify({ name, value: Number(value.toFixed(2)), unit, threads: 1, instruments }));
}

async function timed<T>(task: () => Promise<T>): Promise<readonly [seconds: number, result: T]> {
  const started = performance.now();
  const result = await task();
  return [(performance.now() - started) / 1000, result];
}

try {
  const store = marketStore(join(folder, "store"));
  const dir = join(folder, "qlib");
  await writeBars(store, { instruments, from: 0, to: DAYS });
  await storeFactors(store, [set], { engine: "bench" });
  const dump = async (place: string): Promise<number> => {
    await using snapshot = await store.snapshot();
    return (await dumpQlibDirectory(store, snapshot, place, { sets: [set], engine: "bench" })).files;
  };
  const [dumpSeconds, files] = await timed(() => dump(dir));
  say("qlib/dump", dumpSeconds, "s");
  say("qlib/dump/files", files, "files");
  await writeBars(store, { instruments, from: DAYS, to: DAYS + 1 });
  await storeFactors(store, [set], { engine: "bench" });
  const update = async (): Promise<QlibUpdate> => {
    await using snapshot = await store.snapshot();
    return await updateQlibDirectory(store, snapshot, dir, { registry: shippedFactors, engine: "bench" });
  };
  const [updateSeconds, { files: changed }] = await timed(update);
  say("qlib/update/one-day", updateSeconds, "s");
  say("qlib/update/files", changed.written, "files");
  const [nothingSeconds] = await timed(update);
  say("qlib/update/no-change", nothingSeconds, "s");
  const [healthSeconds, report] = await timed(() => checkQlibDirectory(dir));
  say("qlib/health", healthSeconds, "s");
  if (report.files !== files - 3) throw new Error(`${report.files} files were looked at, not ${files - 3}`);
  if (!isFull) {
    const fresh = join(folder, "fresh");
    await dump(fresh);
    for (const entry of readdirSync(fresh, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      if (!readFileSync(file).equals(readFileSync(file.replace(fresh, dir))))
        throw new Error(`${file} differs from a fresh dump`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
