import { expect, test } from "vitest";
import type { Holder, Processes } from "./holder.ts";
import { holderOfName, hostProcesses, nameOfHolder } from "./holder.ts";
import { localStorage } from "./local-storage.ts";
import { livePins, lockForWriting, pinGeneration } from "./marks.ts";
import type { OpenedStore } from "./open-store.ts";
import { openStore } from "./open-store.ts";
import { forwarded, MemoryDisk } from "./testing/memory-disk.ts";
import { sampleSessions, sampleSet, sampleValues } from "./testing/sample-store.ts";
import { bootedProcesses, smallStore } from "./testing/scenario.ts";
import { digestOf } from "./testing/store-digest.ts";

const here = hostProcesses.self();

/** This process, but for what tells it apart. */
const stranger = (change: Partial<Holder>): Processes => ({
  self: () => ({ ...hostProcesses.self(), ...change }),
  isGone: (holder) => hostProcesses.isGone(holder),
});

test("a holder is told by its file's name, and other names are nobody's", () => {
  expect(holderOfName(nameOfHolder(here))).toEqual(here);
  expect(holderOfName("bars-0-1.seg")).toBeNull();
});

test.each<[string, Partial<Holder>, boolean]>([
  ["this process", {}, false],
  ["a process number that nobody has", { pid: 2 ** 22 + 1 }, true],
  ["this process number before it was reused", { started: "12345" }, process.platform === "linux"],
  ["any process before the last boot", { boot: "another" }, true],
  ["a process of another host, of which nothing is known", { host: "another", pid: 2 ** 22 + 1 }, false],
])("whether %s is gone", (_, change, isGone) => {
  expect(hostProcesses.isGone({ ...here, ...change })).toBe(isGone);
});

test("a lock left by a process that is gone is taken over; one of another host is not", async () => {
  const storage = localStorage("/w", new MemoryDisk());
  await lockForWriting(storage, stranger({ pid: 2 ** 22 + 1 }));
  const lock = await lockForWriting(storage, hostProcesses);
  expect(await storage.list("writers")).toEqual([nameOfHolder(lock.holder)]);
  await lock.release();
  await lockForWriting(storage, stranger({ host: "elsewhere" }));
  await expect(lockForWriting(storage, hostProcesses)).rejects.toMatchObject({
    code: "STORE_LOCKED",
    message: expect.stringContaining("elsewhere"),
    remedy: expect.stringContaining("/w/writers/elsewhere~"),
  });
});

test("of writers that start together at most one goes on, and a later one gets the lock", async () => {
  const storage = localStorage("/w", new MemoryDisk());
  const results = await Promise.allSettled(
    Array.from({ length: 5 }, () => lockForWriting(storage, hostProcesses)),
  );
  const locks = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  expect(locks.length).toBeLessThanOrEqual(1);
  await locks[0]?.release();
  const lock = await lockForWriting(storage, hostProcesses);
  expect(await lock.isHeld()).toBe(true);
  await lock.release();
  expect(await storage.list("writers")).toEqual([]);
});

test("a reader that may not write to the store reads without a pin", async () => {
  const disk = new MemoryDisk();
  const storage = localStorage("/w", {
    ...forwarded(disk),
    write: async () => {
      throw Object.assign(new Error("read-only"), { code: "EROFS" });
    },
  });
  expect(await pinGeneration(storage, hostProcesses, 1)).toBeNull();
  await expect(lockForWriting(storage, hostProcesses)).rejects.toMatchObject({ code: "DATA_NOT_PERMITTED" });
});

const set = sampleSet("bars", { close: "f64" });

async function correct(store: OpenedStore, value: number): Promise<number> {
  await using writer = await store.writer();
  writer.cover(100, 110);
  writer.addInstruments(["A"]);
  await writer.put(set, 0, 0, [{ name: "close", values: sampleValues("f64", 3, () => value) }]);
  return writer.commit({ reason: `value ${value}` });
}

test("a pinned generation stays whole while newer ones come and go, and leaves when it is let go", async () => {
  const disk = new MemoryDisk();
  const store = smallStore(disk, "one");
  await correct(store, 1);
  const reader = await smallStore(disk, "one").snapshot();
  const digest = await digestOf(reader);
  for (let value = 2; value <= 8; value++) await correct(store, value);
  expect((await store.generations()).map((kept) => kept.generation)).toEqual([8, 7, 1]);
  const { heldBy } = await store.collect();
  expect(heldBy).toEqual([{ generation: 1, holder: "process 1 on host" }]);
  expect(await digestOf(reader)).toBe(digest);
  await reader.close();
  await expect(reader.readBlock("bars", 0, ["close"])).rejects.toThrow("closed");
  expect(await store.collect()).toMatchObject({ removedGenerations: [1], removedFiles: 1, heldBy: [] });
  await expect(store.snapshot(1)).rejects.toMatchObject({ code: "STORE_GENERATION_MISSING" });
  expect(await livePins(store.parts.storage, store.parts.processes)).toEqual([]);
});

test("a pin of a reader that died does not hold a generation", async () => {
  const disk = new MemoryDisk();
  const dead = smallStore(disk, "before");
  await correct(dead, 1);
  await dead.snapshot();
  const store = smallStore(disk, "after");
  for (let value = 2; value <= 5; value++) await correct(store, value);
  expect((await store.generations()).map((kept) => kept.generation)).toEqual([5, 4]);
});

test("rolling back makes the old content a new generation, and what is not kept cannot come back", async () => {
  const disk = new MemoryDisk();
  const store = openStore(
    "/",
    { calendar: "24x7", freq: "day" },
    {
      sessionsBetween: sampleSessions,
      now: () => 0,
      keep: 2,
      storage: localStorage("/w", disk),
      processes: bootedProcesses("one"),
    },
  );
  for (let value = 1; value <= 4; value++) await correct(store, value);
  expect(await store.rollback(3)).toBe(5);
  await using snapshot = await store.snapshot();
  expect((await snapshot.readBlock("bars", 0, ["close"])).get("close")![0]).toBe(3);
  expect(snapshot.summary).toMatchObject({ generation: 5, parent: 4, reason: "rollback to generation 3" });
  expect(await store.rollback(5)).toBe(5);
  await expect(store.rollback(1)).rejects.toMatchObject({ code: "STORE_GENERATION_MISSING" });
  await expect(store.rollback(9)).rejects.toMatchObject({ code: "STORE_GENERATION_MISSING" });
  expect((await store.generations()).map((kept) => [kept.generation, kept.current])).toEqual([
    [5, true],
    [4, false],
    [3, false],
  ]);
});

test("a manifest that another writer replaced behind the lock is not overwritten", async () => {
  const disk = new MemoryDisk();
  const store = smallStore(disk, "one");
  await correct(store, 1);
  const writer = await store.writer();
  await writer.put(set, 0, 0, [{ name: "close", values: sampleValues("f64", 1, () => 2) }]);
  disk.tamper("/w/XSHG/day/manifest.json", new TextEncoder().encode("something else"));
  await expect(writer.commit({ reason: "late" })).rejects.toMatchObject({ code: "STORE_CHANGED" });
});
