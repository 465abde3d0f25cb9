import { expect, test } from "vitest";
import { localStorage } from "#data/store/local-storage";
import type { DiskCall, Fate } from "#data/store/testing/memory-disk";
import { forwarded, MemoryDisk } from "#data/store/testing/memory-disk";
import { bootedProcesses } from "#data/store/testing/scenario";
import { currentDigest, seededRandom } from "#data/store/testing/store-digest";
import { verifyStore } from "#data/store/verify";
import { backupStore } from "./backup-store.ts";
import { listBackups } from "./catalogue.ts";
import { pruneBackups } from "./prune-backups.ts";
import { restoreBackup } from "./restore-backup.ts";
import { nextGeneration, sceneOn, type Scene } from "./testing/backup-scene.ts";
import { verifyBackup } from "./verify-backup.ts";

const isFull = process.env["DEPTH"] === "full";
const deep = { timeout: isFull ? 1_800_000 : 60_000 };

/** What becomes of what was not synced when the power fails: lost, kept, torn, or a mixture. */
function fates(seed: number): readonly Fate[] {
  const random = seededRandom(seed);
  const torn = (bytes: Uint8Array): Uint8Array => {
    const left = new Uint8Array(random() < 0.5 ? bytes.length : Math.floor(random() * bytes.length));
    if (random() < 0.6) left.set(bytes.subarray(0, left.length >> 1));
    return left;
  };
  return [
    { entry: () => false, data: () => new Uint8Array(0) },
    { entry: () => true, data: (bytes) => new Uint8Array(bytes.length) },
    { entry: () => true, data: (bytes) => bytes },
    { entry: () => random() < 0.5, data: torn },
    { entry: (call) => call.kind === "remove" || random() < 0.5, data: torn },
  ];
}

/** The states a disk may be found in when the power fails at any call of some work. */
async function* crashes(
  start: MemoryDisk,
  work: (disk: MemoryDisk) => Promise<unknown>,
): AsyncGenerator<{ readonly disk: MemoryDisk; readonly what: string }> {
  const disk = start.copy();
  await work(disk);
  const log: readonly DiskCall[] = disk.log;
  for (let count = 0; count <= log.length; count++) {
    for (const [index, fate] of fates(count).entries()) {
      if (!isFull && index !== count % 5 && index !== 1) continue;
      const what = `after call ${count} (${log[count]?.kind ?? "end"}), fate ${index}`;
      yield { disk: MemoryDisk.afterCrash(start, log, count, fate), what };
    }
  }
}

let clock = 0;
const during = (boot: string) => ({ processes: bootedProcesses(boot), now: () => (clock += 1000) });
const make = ({ store, workspace }: Scene, target: MemoryDisk, boot: string) =>
  backupStore(store, localStorage("/b", target), { workspace, ...during(boot) });

const prune = (disk: MemoryDisk, boot: string) =>
  pruneBackups(localStorage("/b", disk), { keep: 2, ...during(boot) });

/** Everything that is listed must be whole. */
async function faultsOf(target: MemoryDisk, boot: string): Promise<string[]> {
  const storage = localStorage("/b", target);
  const { backups, unreadable } = await listBackups(storage);
  const found = unreadable.map(({ id }) => `${id} cannot be read`);
  for (const { id } of backups) {
    for (const { path, message } of (await verifyBackup(storage, id, during(boot))).findings)
      found.push(`${id}, ${path}: ${message}`);
  }
  return found;
}

async function sceneWith(generations: number): Promise<{ readonly disk: MemoryDisk; readonly scene: Scene }> {
  const disk = new MemoryDisk();
  const scene = sceneOn(disk);
  for (let generation = 0; generation < generations; generation++) await nextGeneration(scene);
  return { disk, scene };
}

test(
  "wherever the power fails during a backup, every backup that is listed is whole and the next one arrives",
  deep,
  async () => {
    const { scene } = await sceneWith(2);
    const start = new MemoryDisk();
    await make(scene, start, "before");
    await nextGeneration(scene);
    const violations: string[] = [];
    const listed = new Set<number>();
    for await (const { disk, what } of crashes(start.copy(), (disk) => make(scene, disk, "before"))) {
      const { backups } = await listBackups(localStorage("/b", disk));
      listed.add(backups.length);
      for (const fault of await faultsOf(disk, "after")) violations.push(`${what}: ${fault}`);
      const again = await make(scene, disk, "after");
      if (again.backup.generation !== 3) violations.push(`${what}: the next backup is not there`);
      for (const fault of await faultsOf(disk, "after")) violations.push(`${what}, then: ${fault}`);
    }
    expect(violations).toEqual([]);
    expect(listed).toEqual(new Set([1, 2]));
  },
);

test(
  "wherever the power fails during a removal, every backup that is listed is whole and the next removal does the rest",
  deep,
  async () => {
    const { scene } = await sceneWith(1);
    const start = new MemoryDisk();
    for (let made = 0; made < 4; made++) {
      await make(scene, start, "before");
      await nextGeneration(scene);
    }
    const clean = start.copy();
    await prune(clean, "before");
    const objects = await localStorage("/b", clean).list("objects");
    const violations: string[] = [];
    for await (const { disk, what } of crashes(start.copy(), (disk) => prune(disk, "before"))) {
      for (const fault of await faultsOf(disk, "after")) violations.push(`${what}: ${fault}`);
      await prune(disk, "after");
      for (const fault of await faultsOf(disk, "after")) violations.push(`${what}, then: ${fault}`);
      const left = await localStorage("/b", disk).list("objects");
      if (left.length !== objects.length) violations.push(`${what}: ${left.length} contents are left`);
    }
    expect(violations).toEqual([]);
  },
);

test(
  "wherever the power fails during a restore, the store is the old or the new one, and the next restore arrives",
  deep,
  async () => {
    const { disk: before, scene } = await sceneWith(3);
    const target = localStorage("/b", new MemoryDisk());
    const { backup } = await backupStore(scene.store, target, {
      workspace: scene.workspace,
      ...during("one"),
    });
    const wanted = await currentDigest(scene.store);
    const newer = before.copy();
    await nextGeneration(sceneOn(newer));
    await nextGeneration(sceneOn(newer));
    await nextGeneration(sceneOn(newer));
    await nextGeneration(sceneOn(newer));
    const violations: string[] = [];
    let [old, fresh] = [0, 0];
    for (const start of [new MemoryDisk(), newer.copy()]) {
      const held = await currentDigest(sceneOn(start.copy(), "look").store);
      const restore = (disk: MemoryDisk, boot: string) => {
        const { store, workspace } = sceneOn(disk, boot);
        return restoreBackup(target, backup.id, store, { workspace, force: true, ...during(boot) });
      };
      for await (const { disk, what } of crashes(start, (disk) => restore(disk, "one"))) {
        const found = await currentDigest(sceneOn(disk, "after").store);
        if (found === held) old++;
        else if (found === wanted) fresh++;
        else violations.push(`${what}: neither the old nor the new content`);
        await restore(disk, "after");
        const { store } = sceneOn(disk, "after");
        if ((await currentDigest(store)) !== wanted)
          violations.push(`${what}: the next restore does not arrive`);
        for (const { message } of (await verifyStore(store)).findings)
          violations.push(`${what}, then: ${message}`);
        await nextGeneration(sceneOn(disk, "after"));
      }
    }
    expect(violations).toEqual([]);
    expect(old).toBeGreaterThan(10);
    expect(fresh).toBeGreaterThan(3);
  },
);

test("the crash test notices when contents are not synced before the catalogue", async () => {
  const { scene } = await sceneWith(2);
  const lazily = async (disk: MemoryDisk): Promise<unknown> => {
    const sync = async (path: string): Promise<void> => {
      if (path.includes("/backups/")) await disk.sync(path);
    };
    const target = localStorage("/b", { ...forwarded(disk), sync });
    return backupStore(scene.store, target, { workspace: scene.workspace, ...during("before") });
  };
  const violations: string[] = [];
  for await (const { disk } of crashes(new MemoryDisk(), lazily))
    violations.push(...(await faultsOf(disk, "after")));
  expect(violations.length).toBeGreaterThan(0);
});
