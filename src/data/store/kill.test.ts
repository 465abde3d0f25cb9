import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { localStorage } from "./local-storage.ts";
import { killStore, stepTo } from "./testing/kill-steps.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { temporaryFolder } from "./testing/sample-store.ts";
import { bootedProcesses } from "./testing/scenario.ts";
import { currentDigest, digestOf, seededRandom } from "./testing/store-digest.ts";
import { verifyStore } from "./verify.ts";

const rounds = process.env["DEPTH"] === "full" ? 200 : 4;
const child = join(fileURLToPath(import.meta.url), "..", "testing", "kill-child.ts");

const linesOf = (text: string): number => text.split("\n").length - 1;

/** Lets a process write some generations and kills it a moment later; the last generation it said it had committed. */
async function writeUntilKilled(folder: string, commits: number, delayMs: number): Promise<number> {
  const writer = spawn(process.execPath, [child, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(writer, "close");
  let said = "";
  for await (const chunk of writer.stdout) {
    const before = linesOf(said);
    said += String(chunk);
    if (before <= commits && linesOf(said) > commits) setTimeout(() => writer.kill("SIGKILL"), delayMs);
  }
  await closed;
  expect(writer.signalCode).toBe("SIGKILL");
  const whole = said.slice(0, said.lastIndexOf("\n")).split("\n");
  return Number(whole.at(-1)!.replace("ready ", ""));
}

test(
  "a writer killed at any moment leaves the old or the new generation, and its lock to the next one",
  { timeout: 900_000 },
  async () => {
    using folder = temporaryFolder();
    const random = seededRandom(20_240_607);
    const twin = killStore("/", {
      storage: localStorage("/w", new MemoryDisk()),
      processes: bootedProcesses("twin"),
    });
    const digests = ["none"];
    let generation = 0;
    let killedWithin = 0;
    for (let round = 0; round < rounds; round++) {
      const commits = Math.floor(random() * 4);
      const said = await writeUntilKilled(folder.path, commits, random() * 30);
      const store = killStore(folder.path);
      const found = (await store.exists()) ? (await store.generations())[0]!.generation : 0;
      expect([said, said + 1]).toContain(found);
      expect(found).toBeGreaterThanOrEqual(generation + commits);
      generation = found;
      while (digests.length <= generation) {
        await stepTo(twin, digests.length);
        digests.push(await currentDigest(twin));
      }
      expect(await currentDigest(store)).toBe(digests[generation]);
      killedWithin += (await store.parts.storage.list("writers")).length;
      expect((await verifyStore(store)).findings.filter((finding) => finding.kind !== "manifest")).toEqual(
        [],
      );
      await (await store.writer()).abort();
      expect(await store.parts.storage.list("writers")).toEqual([]);
      expect((await verifyStore(store)).findings).toEqual([]);
    }
    expect(killedWithin).toBeGreaterThan(0);
    await using snapshot = await killStore(folder.path).snapshot();
    expect(await digestOf(snapshot)).toBe(digests[generation]);
  },
);
