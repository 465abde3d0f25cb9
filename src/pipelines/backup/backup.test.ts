import { describe, expect, test } from "vitest";
import { localStorage } from "#data/store/local-storage";
import { FakeS3 } from "#data/store/s3/testing/fake-s3";
import { s3Storage } from "#data/store/s3/s3-storage";
import type { Storage } from "#data/store/storage";
import { readWhole } from "#data/store/storage";
import { verifyStore } from "#data/store/verify";
import { fullDisk, MemoryDisk } from "#data/store/testing/memory-disk";
import { bootedProcesses } from "#data/store/testing/scenario";
import { currentDigest, digestOf } from "#data/store/testing/store-digest";
import { backupStore } from "./backup-store.ts";
import { catalogueText, cataloguePath, listBackups, readCatalogue, sha256Of } from "./catalogue.ts";
import { pruneBackups } from "./prune-backups.ts";
import { pinBackups } from "./read-object.ts";
import { restoreBackup } from "./restore-backup.ts";
import { nextGeneration, sceneOn, type Scene } from "./testing/backup-scene.ts";
import { verifyBackup } from "./verify-backup.ts";

const processes = bootedProcesses("one");
let clock = Date.UTC(2026, 10, 21);
const shared = { processes, now: () => (clock += 1000) };

const backup = (scene: Scene, target: Storage, change = {}) =>
  backupStore(scene.store, target, { workspace: scene.workspace, ...shared, ...change });

const restore = (target: Storage, id: string, { store, workspace }: Scene, change = {}) =>
  restoreBackup(target, id, store, { workspace, ...shared, ...change });

async function withGenerations(
  count: number,
  keep = 2,
): Promise<{ readonly disk: MemoryDisk; readonly scene: Scene }> {
  const disk = new MemoryDisk();
  const scene = sceneOn(disk, "one", keep);
  for (let generation = 0; generation < count; generation++) await nextGeneration(scene);
  return { disk, scene };
}

describe.each<[string, () => Promise<{ readonly target: Storage } & AsyncDisposable>]>([
  [
    "a folder",
    async () => ({ target: localStorage("/b", new MemoryDisk()), [Symbol.asyncDispose]: async () => {} }),
  ],
  [
    "a bucket",
    async () => {
      const server = await FakeS3.start({ pageSize: 5, partBytes: 500 });
      const target = s3Storage(server.storageOptions({ partBytes: 3000 }));
      return { target, [Symbol.asyncDispose]: () => server.close() };
    },
  ],
  [
    "a bucket whose every third request fails",
    async () => {
      const server = await FakeS3.start({ pageSize: 5, partBytes: 500 });
      const faults = [
        { kind: "lost" },
        { kind: "status", status: 503, code: "SlowDown" },
        { kind: "cut" },
        { kind: "refused" },
      ] as const;
      server.script = ({ number }) => (number % 3 === 1 ? faults[Math.floor(number / 3) % 4]! : null);
      // Many requests at once share the faults among them: one may meet several in a row.
      const patience = { attempts: 30, firstWaitMs: 1, longestWaitMs: 2 };
      const target = s3Storage(server.storageOptions({ partBytes: 3000, patience }));
      return { target, [Symbol.asyncDispose]: () => server.close() };
    },
  ],
])("backups in %s", (_, place) => {
  test("come back bit for bit as the generation they were, and copy only what is new", async () => {
    await using opened = await place();
    const { target } = opened;
    const scene = sceneOn(new MemoryDisk());
    const digests = new Map<string, string>();
    const copied: number[] = [];
    for (let generation = 1; generation <= 5; generation++) {
      await nextGeneration(scene);
      const report = await backup(scene, target, { reason: `after ${generation}` });
      expect(report).toMatchObject({ isNew: true, backup: { generation, reason: `after ${generation}` } });
      digests.set(report.backup.id, await currentDigest(scene.store));
      copied.push(report.copiedFiles);
    }
    // One file of two sets of two blocks, the reference file and the manifest; then short segments, and folded ones.
    expect(copied).toEqual([3, 2, expect.any(Number), expect.any(Number), expect.any(Number)]);
    const { backups, unreadable } = await listBackups(target);
    expect(unreadable).toEqual([]);
    expect(backups.map(({ generation }) => generation)).toEqual([5, 4, 3, 2, 1]);
    for (const { id, generation, files } of backups) {
      expect(await verifyBackup(target, id, shared)).toMatchObject({ id, files, findings: [] });
      const fresh = sceneOn(new MemoryDisk());
      const report = await restore(target, id, fresh);
      expect(report).toMatchObject({ id, generation, isNew: true });
      expect(await currentDigest(fresh.store)).toBe(digests.get(id));
      expect((await verifyStore(fresh.store)).findings).toEqual([]);
      expect(await readWhole(fresh.workspace, "reference/industry/index.json")).not.toBeNull();
      await nextGeneration(fresh);
    }
  });

  test("are not made again when nothing changed", async () => {
    await using opened = await place();
    const { scene } = await withGenerations(2);
    const first = await backup(scene, opened.target);
    const again = await backup(scene, opened.target);
    expect(again).toMatchObject({
      isNew: false,
      copiedFiles: 0,
      copiedBytes: 0,
      backup: { id: first.backup.id },
    });
    expect((await listBackups(opened.target)).backups).toHaveLength(1);
  });

  test("beyond those kept leave, with the contents that no other backup has", async () => {
    await using opened = await place();
    const { target } = opened;
    const scene = sceneOn(new MemoryDisk());
    for (let generation = 1; generation <= 6; generation++) {
      await nextGeneration(scene);
      await backup(scene, target);
    }
    const before = (await target.list("objects")).length;
    const report = await pruneBackups(target, { keep: 2, ...shared });
    expect(report).toMatchObject({
      unreadable: [],
      keptBackups: { length: 2 },
      removedBackups: { length: 4 },
    });
    expect(report.removedFiles).toBeGreaterThan(3);
    expect(report.removedBytes).toBeGreaterThan(0);
    expect(before - (await target.list("objects")).length).toBe(report.removedFiles);
    for (const { id } of (await listBackups(target)).backups)
      expect((await verifyBackup(target, id, shared)).findings).toEqual([]);
    expect(await pruneBackups(target, { keep: 2, ...shared })).toMatchObject({
      removedBackups: [],
      removedFiles: 0,
    });
  });
});

const makeTarget = (server: FakeS3): Storage => s3Storage(server.storageOptions({ partBytes: 3000 }));

const folder = (disk = new MemoryDisk()): Storage => localStorage("/b", disk);

test("a backup that is cancelled is not seen, and the next one goes on with what it left", async () => {
  const { scene } = await withGenerations(3);
  const target = folder();
  const controller = new AbortController();
  const seen: number[] = [];
  const cancelled = backup(scene, target, {
    signal: controller.signal,
    onProgress: ({
      files,
      ofFiles,
      bytes,
      ofBytes,
    }: Record<"files" | "ofFiles" | "bytes" | "ofBytes", number>) => {
      seen.push(files / ofFiles, bytes / ofBytes);
      if (files === 3) controller.abort();
    },
  });
  await expect(cancelled).rejects.toMatchObject({ name: "AbortError" });
  expect(Math.max(...seen)).toBeLessThanOrEqual(1);
  expect((await listBackups(target)).backups).toEqual([]);
  const left = (await target.list("objects")).length;
  expect(left).toBeGreaterThanOrEqual(3);
  const report = await backup(scene, target);
  expect(report.copiedFiles).toBe((await target.list("objects")).length - left);
  expect((await verifyBackup(target, report.backup.id, shared)).findings).toEqual([]);
});

test("an older generation that is kept can be backed up, one that is not is refused", async () => {
  const { scene } = await withGenerations(4);
  const target = folder();
  await using older = await scene.store.snapshot(3);
  const digest = await digestOf(older);
  const { backup: made } = await backup(scene, target, { generation: 3 });
  expect(made.generation).toBe(3);
  const fresh = sceneOn(new MemoryDisk());
  await restore(target, made.id, fresh);
  expect(await currentDigest(fresh.store)).toBe(digest);
  await expect(backup(scene, target, { generation: 1 })).rejects.toMatchObject({
    code: "STORE_GENERATION_MISSING",
  });
});

test("what is damaged in the store is not backed up", async () => {
  const { disk, scene } = await withGenerations(2);
  const target = folder();
  await backup(scene, target);
  await nextGeneration(scene);
  const [path, bytes] = [...disk.files()].findLast(([name]) => name.endsWith(".seg"))!;
  const damaged = bytes.slice();
  damaged[damaged.length - 5]! ^= 1;
  disk.tamper(path, damaged);
  await expect(backup(scene, target)).rejects.toMatchObject({
    code: "STORE_DAMAGED",
    remedy: expect.any(String),
  });
  disk.tamper(path, bytes);
  const listed = [...disk.files()].find(([name]) => name.endsWith(".parquet"))!;
  disk.tamper(listed[0], new TextEncoder().encode("changed"));
  await expect(backup(scene, target)).rejects.toMatchObject({ code: "DATA_FILE_DAMAGED" });
  expect((await listBackups(target)).backups).toHaveLength(1);
});

test("a target inside the store is refused", async () => {
  const { disk, scene } = await withGenerations(1);
  for (const place of ["/w/store/XSHG/day", "/w/store/XSHG/day/segments/b"])
    await expect(backup(scene, localStorage(place, disk))).rejects.toMatchObject({ code: "BACKUP_TARGET" });
});

test("of two backups to one target at once the second is told who makes the first", async () => {
  const { scene } = await withGenerations(2);
  const target = folder();
  const results = await Promise.allSettled([backup(scene, target), backup(scene, target)]);
  const refused = results.flatMap((result) =>
    result.status === "rejected" ? [result.reason as unknown] : [],
  );
  expect(refused.length).toBeGreaterThanOrEqual(1);
  for (const error of refused) expect(error).toMatchObject({ code: "STORE_LOCKED" });
});

test("verify names every content that is damaged or gone", async () => {
  const { scene } = await withGenerations(3);
  const disk = new MemoryDisk();
  const target = folder(disk);
  const { backup: made } = await backup(scene, target);
  const objects = [...disk.files()].filter(([path]) => path.startsWith("/b/objects/"));
  for (const [index, [path, bytes]] of objects.entries()) {
    const damaged = bytes.slice();
    damaged[(index * 37) % damaged.length]! ^= 4;
    disk.tamper(path, damaged);
    expect((await verifyBackup(target, made.id, shared)).findings).toMatchObject([{ file: path }]);
    disk.tamper(path, bytes.subarray(0, bytes.length - 1));
    expect((await verifyBackup(target, made.id, shared)).findings).toMatchObject([{ file: path }]);
    await disk.remove(path);
    expect((await verifyBackup(target, made.id, shared)).findings).toMatchObject([
      { file: path, message: "the content is missing" },
    ]);
    await disk.write(path, [{ at: 0, bytes }]);
  }
  expect((await verifyBackup(target, made.id, shared)).findings).toEqual([]);
});

test("a damaged catalogue is told and hides no other, and while it is there no content is removed", async () => {
  const { scene } = await withGenerations(1);
  const disk = new MemoryDisk();
  const target = folder(disk);
  const ids: string[] = [];
  for (let made = 0; made < 3; made++) {
    ids.push((await backup(scene, target)).backup.id);
    await nextGeneration(scene);
  }
  const path = `/b/${cataloguePath(ids[1]!)}`;
  disk.tamper(path, disk.files().get(path)!.slice(1));
  const { backups, unreadable } = await listBackups(target);
  expect(backups.map(({ id }) => id)).toEqual([ids[2], ids[0]]);
  expect(unreadable).toMatchObject([{ id: ids[1], error: { code: "BACKUP_DAMAGED" } }]);
  await expect(verifyBackup(target, ids[1]!, shared)).rejects.toMatchObject({ code: "BACKUP_DAMAGED" });
  await expect(verifyBackup(target, "no-such", shared)).rejects.toMatchObject({ code: "BACKUP_MISSING" });
  await expect(verifyBackup(target, "../x", shared)).rejects.toMatchObject({ code: "BACKUP_MISSING" });
  expect(await pruneBackups(target, { keep: 1, ...shared })).toMatchObject({
    removedBackups: [ids[0]],
    removedFiles: 0,
    unreadable: [ids[1]],
  });
});

test("prune disturbs neither a backup nor a restore under way", async () => {
  const { scene } = await withGenerations(1);
  const target = folder();
  await backup(scene, target);
  const pin = await pinBackups(target, processes);
  await expect(pruneBackups(target, { keep: 1, ...shared })).rejects.toMatchObject({ code: "BACKUP_BUSY" });
  await pin!.release();
  await nextGeneration(scene);
  const outcomes: unknown[] = [];
  await backup(scene, target, {
    onProgress: () => {
      outcomes.push(pruneBackups(target, { keep: 1, ...shared }).catch((error: unknown) => error));
    },
  });
  expect(outcomes.length).toBeGreaterThan(0);
  for (const outcome of await Promise.all(outcomes)) expect(outcome).toMatchObject({ code: "STORE_LOCKED" });
  await expect(pruneBackups(target, { keep: 0, ...shared })).rejects.toThrow("at least 1");
});

describe("restoring into a store that is there", () => {
  test("whose generation is newer needs force, becomes a new generation, and the store goes on", async () => {
    const { scene } = await withGenerations(3, 4);
    const target = folder();
    const { backup: made } = await backup(scene, target);
    const digest = await currentDigest(scene.store);
    await nextGeneration(scene);
    await nextGeneration(scene);
    const newer = await currentDigest(scene.store);
    await expect(restore(target, made.id, scene)).rejects.toMatchObject({ code: "BACKUP_STORE_NEWER" });
    expect(await currentDigest(scene.store)).toBe(newer);
    expect(await restore(target, made.id, scene, { force: true })).toMatchObject({
      generation: 6,
      isNew: true,
      restoredFiles: 0,
    });
    expect(await currentDigest(scene.store)).toBe(digest);
    await using before = await scene.store.snapshot(5);
    expect(await digestOf(before)).toBe(newer);
    await nextGeneration(scene);
    expect((await verifyStore(scene.store)).findings).toEqual([]);
  });

  test("that was itself restored from an older backup takes the newer one under a number nobody used", async () => {
    const { scene } = await withGenerations(2);
    const target = folder();
    const old = (await backup(scene, target)).backup;
    for (let more = 0; more < 3; more++) await nextGeneration(scene);
    const recent = (await backup(scene, target)).backup;
    const digest = await currentDigest(scene.store);
    const fresh = sceneOn(new MemoryDisk());
    await restore(target, old.id, fresh);
    expect(await restore(target, recent.id, fresh)).toMatchObject({ generation: 6, isNew: true });
    expect(await currentDigest(fresh.store)).toBe(digest);
    await nextGeneration(fresh);
    expect((await verifyStore(fresh.store)).findings).toEqual([]);
  });

  test("of another history is refused and stays as it was", async () => {
    const { scene } = await withGenerations(3);
    const target = folder();
    const { backup: made } = await backup(scene, target);
    const other = sceneOn(new MemoryDisk());
    for (let generation = 0; generation < 3; generation++) await nextGeneration(other, 0.5);
    const digest = await currentDigest(other.store);
    for (const force of [false, true])
      await expect(restore(target, made.id, other, { force })).rejects.toMatchObject({
        code: "BACKUP_OTHER_HISTORY",
      });
    expect(await currentDigest(other.store)).toBe(digest);
  });

  test("that is damaged puts back what is broken, its manifest included", async () => {
    const { disk, scene } = await withGenerations(3);
    const target = folder();
    const { backup: made } = await backup(scene, target);
    const digest = await currentDigest(scene.store);
    const [first, second] = [...disk.files()].filter(([path]) => path.endsWith(".seg"));
    await disk.remove(first![0]);
    disk.tamper(second![0], new Uint8Array(second![1].length));
    const healed = sceneOn(disk, "one");
    expect(await restore(target, made.id, healed)).toMatchObject({
      generation: 3,
      isNew: false,
      restoredFiles: 2,
    });
    expect(await currentDigest(healed.store)).toBe(digest);
    expect((await verifyStore(healed.store)).findings).toEqual([]);
    disk.tamper("/w/store/XSHG/day/manifest.json", new TextEncoder().encode("{}"));
    expect(await restore(target, made.id, sceneOn(disk))).toMatchObject({ generation: 4, isNew: true });
    expect(await currentDigest(sceneOn(disk).store)).toBe(digest);
  });

  test("that somebody writes to is refused", async () => {
    const { scene } = await withGenerations(1);
    const target = folder();
    const { backup: made } = await backup(scene, target);
    await using writer = await scene.store.writer();
    await expect(restore(target, made.id, scene)).rejects.toMatchObject({ code: "STORE_LOCKED" });
    await writer.abort();
  });
});

test("a backup whose content is damaged is not restored, and the store stays as it was", async () => {
  const { scene } = await withGenerations(2);
  const disk = new MemoryDisk();
  const target = folder(disk);
  const { backup: made } = await backup(scene, target);
  const catalogue = await readCatalogue(target, made.id);
  const path = `/b/objects/${catalogue.segments[1]!.sha256}`;
  disk.tamper(path, new Uint8Array(disk.files().get(path)!.length));
  const fresh = sceneOn(new MemoryDisk());
  await expect(restore(target, made.id, fresh)).rejects.toMatchObject({ code: "BACKUP_DAMAGED" });
  expect(await fresh.store.exists()).toBe(false);
});

test("a catalogue that would write elsewhere is refused, whoever sealed it", async () => {
  const { scene } = await withGenerations(1);
  const target = folder();
  const { backup: made } = await backup(scene, target);
  const catalogue = await readCatalogue(target, made.id);
  const content = catalogue.others[0]!;
  for (const path of [
    "../outside",
    "/etc/x",
    "reference/../../x",
    "state/x",
    "reference\\..\\x",
    "reference",
    "store/XSHG/day/manifest.json",
  ]) {
    const id = `bad-${sha256Of(path).slice(0, 8)}`;
    const bad = catalogueText({ ...catalogue, id, others: [{ ...content, path }] });
    await target.swap(cataloguePath(id), bad, null);
    const disk = new MemoryDisk();
    await expect(restore(target, id, sceneOn(disk))).rejects.toMatchObject({ code: "BACKUP_DAMAGED" });
    expect([...disk.files().keys()].filter((name) => !/\/(writers|readers)\//.test(name))).toEqual([]);
  }
});

test("version files come along, and stay as they are where there are some", async () => {
  const { disk, scene } = await withGenerations(1);
  const path = "versions/XSHG/day/data_version.json";
  await scene.workspace.put(path, [{ at: 0, bytes: new TextEncoder().encode("old") }]);
  const target = folder();
  const { backup: made } = await backup(scene, target);
  const fresh = sceneOn(new MemoryDisk());
  await restore(target, made.id, fresh);
  expect(await readWhole(fresh.workspace, path)).toEqual(new TextEncoder().encode("old"));
  disk.tamper(`/w/${path}`, new TextEncoder().encode("new"));
  expect((await backup(scene, target)).isNew).toBe(true);
  await restore(target, made.id, scene);
  expect(await readWhole(scene.workspace, path)).toEqual(new TextEncoder().encode("new"));
});

test("a process that dies at any request of a backup to a bucket leaves only whole ones, and the next arrives", async () => {
  const { scene } = await withGenerations(2);
  await using server = await FakeS3.start({ partBytes: 500 });
  await backup(scene, makeTarget(server));
  await nextGeneration(scene);
  const before = new Map(server.contents());
  const start = server.log.length;
  await backup(scene, makeTarget(server));
  const requests = server.log.length - start;
  const listed = new Set<number>();
  const stride = process.env["DEPTH"] === "full" ? 1 : 7;
  for (let at = 3; at < requests; at += stride) {
    server.objects.clear();
    for (const [key, bytes] of before) server.tamper(key, bytes);
    const first = server.log.length;
    server.script = ({ number }) => {
      if (number < first + at) return null;
      return { kind: number === first + at && at % 2 === 0 ? "lost" : "refused" };
    };
    const dead = backup(scene, makeTarget(server), { processes: bootedProcesses("dead") });
    await dead.catch(() => undefined);
    server.script = null;
    const target = makeTarget(server);
    const { backups, unreadable } = await listBackups(target);
    expect(unreadable).toEqual([]);
    listed.add(backups.length);
    for (const { id } of backups) expect((await verifyBackup(target, id, shared)).findings).toEqual([]);
    const next = await backup(scene, target);
    expect((await verifyBackup(target, next.backup.id, shared)).findings).toEqual([]);
    await pruneBackups(target, { keep: 5, ...shared });
    expect(server.uploads.size).toBe(0);
  }
  expect(listed).toContain(1);
});

test("a generation that is backed up stays whole while newer ones take its place", async () => {
  const { disk, scene } = await withGenerations(2, 1);
  const digest = await currentDigest(scene.store);
  const target = folder();
  const writer = sceneOn(disk, "one", 1);
  let generations = Promise.resolve(0);
  const { backup: made } = await backup(scene, target, {
    onProgress: () => {
      generations = generations.then(() => nextGeneration(writer));
    },
  });
  expect(await generations).toBeGreaterThan(4);
  expect(made.generation).toBe(2);
  const fresh = sceneOn(new MemoryDisk());
  await restore(target, made.id, fresh);
  expect(await currentDigest(fresh.store)).toBe(digest);
  await nextGeneration(scene);
  expect((await scene.store.generations()).map(({ generation }) => generation)).not.toContain(2);
});

test("a disk that is full at any call of a backup or a restore is told, and nothing is lost", async () => {
  const { scene } = await withGenerations(2);
  const digest = await currentDigest(scene.store);
  const whole = new MemoryDisk();
  const { backup: made } = await backup(scene, folder(whole));
  const outcomes = new Set<unknown>();
  for (let call = 0; call < 60; call += 4) {
    const disk = new MemoryDisk();
    const result = await backup(scene, localStorage("/b", fullDisk(disk, call))).catch(
      (error: unknown) => error,
    );
    outcomes.add(result instanceof Error && "code" in result ? result.code : "done");
    expect((await listBackups(folder(disk))).unreadable).toEqual([]);
    const next = await backup(scene, folder(disk));
    expect((await verifyBackup(folder(disk), next.backup.id, shared)).findings).toEqual([]);
    const home = new MemoryDisk();
    const restored = await restore(folder(whole), made.id, sceneOn(fullDisk(home, call))).catch(
      (error: unknown) => error,
    );
    outcomes.add(restored instanceof Error && "code" in restored ? restored.code : "done");
    await restore(folder(whole), made.id, sceneOn(home));
    expect(await currentDigest(sceneOn(home).store)).toBe(digest);
  }
  expect(outcomes).toEqual(new Set(["DATA_DISK_FULL", "done"]));
});
