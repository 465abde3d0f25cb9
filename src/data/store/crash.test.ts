import { expect, test } from "vitest";
import { DataError } from "../errors.ts";
import type { Disk } from "./disk.ts";
import type { DiskCall, Fate } from "./testing/memory-disk.ts";
import { forwarded, fullDisk, MemoryDisk } from "./testing/memory-disk.ts";
import { nextStep, smallStore, steps } from "./testing/scenario.ts";
import { currentDigest, seededRandom } from "./testing/store-digest.ts";
import { verifyStore } from "./verify.ts";

const isFull = process.env["DEPTH"] === "full";
const nothing = new Uint8Array(0);

/** What the scenario leaves on disk after each step, and how many calls it took. */
interface Recorded {
  readonly start: MemoryDisk;
  readonly log: readonly DiskCall[];
  /** `digests[i]`: content after i steps; `ends[i]`: calls recorded when step i had returned. */
  readonly digests: readonly string[];
  readonly ends: readonly number[];
  /** Content after one more write on top of each of `digests`. */
  readonly next: readonly string[];
}

async function record(wrap: (disk: Disk) => Disk = (disk) => disk): Promise<Recorded> {
  const start = new MemoryDisk();
  const disk = start.copy();
  const digests = ["none"];
  const ends: number[] = [];
  const next = [await digestAfterNext(disk)];
  for (const step of steps) {
    await step.run(smallStore(wrap(disk), "before"));
    ends.push(disk.log.length);
    const copy = disk.copy();
    digests.push(await currentDigest(smallStore(copy, "look")));
    next.push(await digestAfterNext(copy));
  }
  return { start, log: disk.log, digests, ends, next };
}

async function digestAfterNext(disk: MemoryDisk): Promise<string> {
  const store = smallStore(disk.copy(), "next");
  if (!(await store.exists())) return "none";
  await nextStep.run(store);
  return currentDigest(store);
}

/** Fates of unsynced calls: all lost, all kept, names without bytes, bytes without names, and mixtures of any kind. */
function fates(seeds: number, salt: number): Fate[] {
  const fixed: Fate[] = [
    { entry: () => false, data: () => nothing },
    { entry: () => true, data: (bytes) => bytes },
    { entry: () => true, data: () => nothing },
    { entry: () => true, data: (bytes) => new Uint8Array(bytes.length) },
    { entry: (call) => call.kind !== "remove", data: (bytes) => bytes.subarray(0, bytes.length >> 1) },
    { entry: (call) => call.kind === "remove", data: (bytes) => bytes },
  ];
  const mixed = Array.from({ length: seeds }, (_, index): Fate => {
    const random = seededRandom(salt * 1000 + index);
    return { entry: () => random() < 0.5, data: (bytes) => torn(bytes, random) };
  });
  return [...fixed, ...mixed];
}

/** Pages of the file that reached the disk among those that did not, and the length that did. */
function torn(bytes: Uint8Array, random: () => number): Uint8Array {
  const left = new Uint8Array(random() < 0.5 ? bytes.length : Math.floor(random() * bytes.length));
  for (let page = 0; page < left.length; page += 512) {
    if (random() < 0.6) left.set(bytes.subarray(page, Math.min(page + 512, left.length)), page);
  }
  return left;
}

interface Outcome {
  readonly states: number;
  readonly old: number;
  readonly new: number;
  readonly violations: readonly string[];
}

async function crashEverywhere(
  recorded: Recorded,
  options: { readonly seeds: number; readonly takes: (count: number, index: number) => boolean },
): Promise<Outcome> {
  const { start, log, digests, ends, next } = recorded;
  const violations: string[] = [];
  let [states, old, fresh] = [0, 0, 0];
  for (let count = 0; count <= log.length; count++) {
    const done = ends.filter((end) => end <= count).length;
    for (const [index, fate] of fates(options.seeds, count).entries()) {
      if (!options.takes(count, index)) continue;
      states++;
      const say = (what: string): number =>
        violations.push(`after call ${count} (step ${steps[done]?.name ?? "end"}), fate ${index}: ${what}`);
      const disk = MemoryDisk.afterCrash(start, log, count, fate);
      const store = smallStore(disk, "after");
      try {
        const found = await currentDigest(store);
        const at = found === digests[done] ? done : found === digests[done + 1] ? done + 1 : null;
        if (at === null) {
          say("neither the old nor the new content");
          continue;
        }
        if (at === done) old++;
        else fresh++;
        const { findings } = await verifyStore(store);
        if (findings.length > 0 && !findings.every((finding) => isUnfinishedCopy(finding.file, found))) {
          say(`verify finds ${findings[0]!.message}`);
        }
        if (found === "none") await steps[0]!.run(store);
        else await nextStep.run(store);
        const after = await currentDigest(smallStore(disk, "afterwards"));
        if (after !== (found === "none" ? digests[1] : next[at])) say("the next write does not arrive");
        const clean = await verifyStore(store);
        if (clean.findings.length > 0) say(`after the next write: ${clean.findings[0]!.message}`);
      } catch (error) {
        say(String(error));
      }
    }
  }
  return { states, old, new: fresh, violations };
}

/** The copy of the current manifest may be torn: the next writer makes it again. */
function isUnfinishedCopy(file: string, found: string): boolean {
  return found !== "none" && /manifest-\d+\.json$/.test(file);
}

/** Under the full depth every fate for every prefix; else the first and one more, in turn, for every prefix. */
const everyFate = (count: number, index: number): boolean =>
  isFull || index === 0 || index === 1 + (count % 6);

const deep = { timeout: isFull ? 1_800_000 : 60_000 };

test(
  "whatever a power failure loses, the store opens as the old or the new generation and takes the next write",
  deep,
  async () => {
    const recorded = await record();
    expect(new Set(recorded.digests).size).toBe(steps.length - 1);
    const outcome = await crashEverywhere(recorded, { seeds: isFull ? 40 : 1, takes: everyFate });
    expect(outcome.violations).toEqual([]);
    expect(outcome.states).toBeGreaterThan(recorded.log.length * 2);
    expect(outcome.old).toBeGreaterThan(outcome.states / 10);
    expect(outcome.new).toBeGreaterThan(outcome.states / 20);
  },
);

test.each<[string, (disk: Disk) => Disk]>([
  ["files are not synced", (disk) => ({ ...forwarded(disk), sync: async () => {} })],
  ["folders are not synced", (disk) => ({ ...forwarded(disk), syncFolder: async () => {} })],
])("the crash test notices when %s", async (_, wrap) => {
  const recorded = await record(wrap);
  const { violations } = await crashEverywhere(recorded, {
    seeds: 0,
    takes: (count, index) => (index === 2 || index === 0) && count % 4 === 0,
  });
  expect(violations.length).toBeGreaterThan(0);
});

test("a disk that is full at any call leaves the old or the new generation and says so", deep, async () => {
  const { digests, next } = await record();
  const violations: string[] = [];
  let refused = 0;
  for (const times of [1, Infinity]) {
    for (const [index, step] of steps.entries()) {
      const before = new MemoryDisk();
      for (const earlier of steps.slice(0, index)) await earlier.run(smallStore(before, "before"));
      const probe = fullDisk(before.copy(), Infinity);
      await step.run(smallStore(probe, "probe"));
      for (let call = 0; call < probe.calls(); call += isFull ? 1 : 3) {
        const say = (what: string): number => violations.push(`${step.name}, full at call ${call}: ${what}`);
        const disk = before.copy();
        const result = await step.run(smallStore(fullDisk(disk, call, times), "full")).then(
          () => "done",
          (error: unknown) => (error instanceof DataError ? error.code : String(error)),
        );
        const store = smallStore(disk, "full");
        const found = await currentDigest(store);
        if (result === "DATA_DISK_FULL") refused++;
        else if (result !== "done") say(`it ends with ${result}`);
        const isNew = found === digests[index + 1];
        if (!isNew && (result === "done" || found !== digests[index]))
          say("neither the old nor the new content");
        if (found === "none") continue;
        // The same process goes on once there is space: its lock was given back.
        await nextStep.run(store);
        if ((await currentDigest(store)) !== next[digests.indexOf(found)])
          say("the next write does not arrive");
        for (const finding of (await verifyStore(store)).findings) say(finding.message);
      }
    }
  }
  expect(violations).toEqual([]);
  expect(refused).toBeGreaterThan(60);
});
