import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { localStorage } from "#data/store/local-storage";
import { nodeDisk } from "#data/store/node-disk";
import { MemoryDisk } from "#data/store/testing/memory-disk";
import { temporaryFolder } from "#data/store/testing/sample-store";
import { currentDigest, digestOf, seededRandom } from "#data/store/testing/store-digest";
import { backupStore } from "./backup-store.ts";
import { listBackups } from "./catalogue.ts";
import { pruneBackups } from "./prune-backups.ts";
import { restoreBackup } from "./restore-backup.ts";
import { sceneOn } from "./testing/backup-scene.ts";
import { folderScene } from "./testing/folder-scene.ts";
import { verifyBackup } from "./verify-backup.ts";

const rounds = process.env["DEPTH"] === "full" ? 200 : 4;
const child = join(fileURLToPath(import.meta.url), "..", "testing", "kill-child.ts");

/** Lets a process make some backups and kills it a moment later; the ids it said. */
async function killAfter(folder: string, backups: number, delayMs: number): Promise<string[]> {
  const maker = spawn(process.execPath, [child, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(maker, "close");
  let said = "";
  let isDue = false;
  for await (const chunk of maker.stdout) {
    said += String(chunk);
    if (isDue || said.split("\n").length - 1 <= backups) continue;
    isDue = true;
    setTimeout(() => maker.kill("SIGKILL"), delayMs);
  }
  await closed;
  expect(maker.signalCode).toBe("SIGKILL");
  return said.slice(0, said.lastIndexOf("\n")).split("\n").slice(1);
}

test(
  "a process killed at any moment of its backups leaves only whole ones, and its locks to the next",
  { timeout: 900_000 },
  async () => {
    using folder = temporaryFolder();
    const random = seededRandom(20_261_121);
    const target = localStorage(`${folder.path}/backups`);
    for (let round = 0; round < rounds; round++) {
      const said = await killAfter(folder.path, 1 + Math.floor(random() * 3), random() * 40);
      const { backups, unreadable } = await listBackups(target);
      expect(unreadable).toEqual([]);
      expect(backups.length).toBeGreaterThan(0);
      // What was said to be made is there, unless newer ones took its place.
      const oldest = backups.at(-1)!.createdAt;
      const ids = new Set(backups.map(({ id }) => id));
      for (const id of said.slice(-2))
        expect(ids.has(id) || backups.length >= 2, `${id} of ${oldest}`).toBe(true);
      for (const { id } of backups) expect((await verifyBackup(target, id)).findings).toEqual([]);
      const scene = folderScene(`${folder.path}/workspace`, nodeDisk);
      const { backup } = await backupStore(scene.store, target, { workspace: scene.workspace });
      await pruneBackups(target, { keep: 1 });
      expect((await verifyBackup(target, backup.id)).findings).toEqual([]);
      const fresh = sceneOn(new MemoryDisk());
      await restoreBackup(target, backup.id, fresh.store, { workspace: fresh.workspace });
      await using snapshot = await scene.store.snapshot(backup.generation);
      expect(await currentDigest(fresh.store)).toBe(await digestOf(snapshot));
    }
  },
);
