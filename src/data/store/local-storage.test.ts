import { expect, test } from "vitest";
import type { Disk } from "./disk.ts";
import { localStorage } from "./local-storage.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";

const large = new Uint8Array(2 ** 22);
const small = new Uint8Array(64);
const whole = (bytes: Uint8Array) => [{ at: 0, bytes }];

/** A disk whose syncs are counted, wait to be let go, and may fail. */
function watched(fails = false): {
  readonly disk: Disk;
  readonly synced: string[];
  readonly letGo: () => void;
} {
  const memory = new MemoryDisk();
  const synced: string[] = [];
  const gate = Promise.withResolvers<void>();
  const disk: Disk = {
    makeFolder: (path) => memory.makeFolder(path),
    write: (path, parts) => memory.write(path, parts),
    sync: async (path) => {
      synced.push(path);
      await gate.promise;
      if (fails) throw Object.assign(new Error("EIO"), { code: "EIO" });
      await memory.sync(path);
    },
    syncFolder: (path) => memory.syncFolder(path),
    rename: (from, to) => memory.rename(from, to),
    remove: (path) => memory.remove(path),
    read: (path, reads) => memory.read(path, reads),
    size: (path) => memory.size(path),
    list: (folder) => memory.list(folder),
  };
  return { disk, synced, letGo: gate.resolve };
}

test("a large file is synced before the flush, one at a time, and every file exactly once", async () => {
  const { disk, synced, letGo } = watched();
  const storage = localStorage("/w", disk);
  await storage.put("small", whole(small));
  expect(synced).toEqual([]);
  await storage.put("first", whole(large));
  await storage.put("second", whole(large));
  expect(synced).toEqual(["/w/first"]);
  letGo();
  await storage.flush();
  expect(synced.toSorted()).toEqual(["/w/first", "/w/second", "/w/small"]);
});

test("a flush waits for early syncs and fails with them", async () => {
  const { disk, letGo } = watched(true);
  const storage = localStorage("/w", disk);
  await storage.put("first", whole(large));
  const flush = storage.flush();
  letGo();
  await expect(flush).rejects.toThrow("EIO");
});

test("a file that goes again takes its early sync's failure with it", async () => {
  const { disk, letGo } = watched(true);
  const storage = localStorage("/w", disk);
  await storage.put("first", whole(large));
  letGo();
  await storage.remove(["first"]);
  await storage.flush();
  expect(await storage.size("first")).toBeNull();
});
