import { expect, test } from "vitest";
import type { OpenedStore } from "../open-store.ts";
import { openStore } from "../open-store.ts";
import type { Storage } from "../storage.ts";
import { MemoryDisk } from "../testing/memory-disk.ts";
import { sampleSessions } from "../testing/sample-store.ts";
import { bootedProcesses, nextStep, smallStore, steps } from "../testing/scenario.ts";
import { currentDigest } from "../testing/store-digest.ts";
import { verifyStore } from "../verify.ts";
import type { Fault } from "./testing/fake-s3.ts";
import { FakeS3 } from "./testing/fake-s3.ts";
import { s3Storage } from "./s3-storage.ts";

const isFull = process.env["DEPTH"] === "full";

/** The scenario's store in a bucket; segments of a few hundred bytes go in parts. */
function storeOn(storage: Storage, boot: string): OpenedStore {
  return openStore(
    "/",
    { calendar: "XSHG", freq: "day" },
    {
      sessionsBetween: sampleSessions,
      now: () => 0,
      keep: 1,
      storage,
      processes: bootedProcesses(boot),
      layout: { tiers: [2, 4], chunkRows: 4, pileUp: 3 },
    },
  );
}

/** What lies in the bucket as a store in a folder, which is read faster. */
async function inFolder(server: FakeS3): Promise<OpenedStore> {
  const disk = new MemoryDisk();
  for (const folder of ["/w", "/w/XSHG", "/w/XSHG/day"]) await disk.makeFolder(folder);
  for (const [key, bytes] of server.contents()) {
    const path = `/w/XSHG/day/${key.replace("some/prefix/", "")}`;
    await disk.makeFolder(path.slice(0, path.lastIndexOf("/")));
    await disk.write(path, [{ at: 0, bytes }]);
  }
  return smallStore(disk, "look");
}

const startFake = (): Promise<FakeS3> => FakeS3.start({ pageSize: 3, partBytes: 512 });
const open = (server: FakeS3, boot: string): OpenedStore =>
  storeOn(s3Storage(server.storageOptions({ partBytes: 2048 })), boot);

/** What the same steps leave in a folder, and one more write on top of each. */
async function twin(): Promise<{ readonly digests: readonly string[]; readonly next: readonly string[] }> {
  const disk = new MemoryDisk();
  const digests = ["none"];
  const next = ["none"];
  for (const step of steps) {
    await step.run(smallStore(disk, "twin"));
    digests.push(await currentDigest(smallStore(disk, "twin")));
    const copy = disk.copy();
    await nextStep.run(smallStore(copy, "twin"));
    next.push(await currentDigest(smallStore(copy, "twin")));
  }
  return { digests, next };
}

test("a store in a bucket holds after every step what the same store in a folder holds, file by file", async () => {
  await using server = await startFake();
  const disk = new MemoryDisk();
  for (const [index, step] of steps.entries()) {
    await step.run(smallStore(disk, "one"));
    await step.run(open(server, "one"));
    const digest = await currentDigest(smallStore(disk, "look"));
    const reader = isFull || index % 5 === 0 ? open(server, "look") : await inFolder(server);
    expect(await currentDigest(reader)).toBe(digest);
    const files = [...disk.files()].map(([path, bytes]): [string, number] => [
      path.replace("/w/XSHG/day/", ""),
      bytes.length,
    ]);
    const objects = [...server.contents()].map(([key, bytes]): [string, number] => [
      key.replace("some/prefix/", ""),
      bytes.length,
    ]);
    expect(new Map(objects)).toEqual(new Map(files));
  }
  expect((await verifyStore(open(server, "look"))).findings).toEqual([]);
  await using reader = await open(server, "look").snapshot();
  await expect(open(server, "look").snapshot(1)).rejects.toMatchObject({ code: "STORE_GENERATION_MISSING" });
  await nextStep.run(open(server, "look"));
  expect((await open(server, "look").collect()).removedGenerations).toEqual([]);
  expect(reader.generation).toBeGreaterThan(1);
});

test("a second writer gets the name of the first, and a writer that died leaves its lock to the next", async () => {
  await using server = await startFake();
  await steps[0]!.run(open(server, "one"));
  const first = await open(server, "one").writer();
  await expect(open(server, "one").writer()).rejects.toMatchObject({ code: "STORE_LOCKED" });
  const next = await open(server, "two").writer();
  await next.abort();
  await first.abort();
});

const endings = ["lost", "refused"] as const;

/** Lets the writer die at its n-th request of a step: nothing it sends arrives any more, the last one perhaps. */
async function dieAt(server: FakeS3, step: number, at: number, last: Fault["kind"]): Promise<void> {
  const store = open(server, "before");
  const start = server.log.length;
  server.script = ({ number }) => {
    if (number < start + at) return null;
    return number === start + at && last === "lost" ? { kind: "lost" } : { kind: "refused" };
  };
  await steps[step]!.run(store).catch(() => undefined);
  server.script = null;
}

function copyOf(server: FakeS3): ReadonlyMap<string, Uint8Array> {
  return new Map(server.contents());
}

function reset(server: FakeS3, objects: ReadonlyMap<string, Uint8Array>): void {
  server.objects.clear();
  server.uploads.clear();
  for (const [key, bytes] of objects) server.tamper(key, bytes);
}

test(
  "a writer that dies at any request leaves the old or the new generation, and the next write arrives",
  { timeout: isFull ? 1_800_000 : 60_000 },
  async () => {
    const { digests, next } = await twin();
    await using server = await startFake();
    const violations: string[] = [];
    let [old, fresh] = [0, 0];
    for (const index of steps.keys()) {
      const before = copyOf(server);
      const start = server.log.length;
      await steps[index]!.run(open(server, "before"));
      const requests = server.log.length - start;
      const after = copyOf(server);
      const stride = isFull ? 1 : 41;
      for (let at = index % stride; at < requests; at += stride) {
        for (const last of isFull ? endings : [endings[at % 2]!]) {
          const say = (what: string): number =>
            violations.push(`${steps[index]!.name}, request ${at} ${last}: ${what}`);
          reset(server, before);
          await dieAt(server, index, at, last);
          const found = await currentDigest(await inFolder(server));
          if (found === digests[index]) old++;
          else if (found === digests[index + 1]) fresh++;
          else say("neither the old nor the new content");
          const store = open(server, "after");
          if (found === "none" || (!isFull && at % 3 !== 0)) continue;
          await nextStep.run(store);
          const expected = found === digests[index + 1] ? next[index + 1] : next[index];
          const look = await inFolder(server);
          if ((await currentDigest(look)) !== expected) say("the next write does not arrive");
          for (const finding of (await verifyStore(look)).findings) say(finding.message);
        }
      }
      reset(server, after);
    }
    expect(violations).toEqual([]);
    expect(old).toBeGreaterThan(5);
    expect(fresh).toBeGreaterThan(0);
  },
);

test("a service that fails every few requests in every way delays a store and changes nothing", async () => {
  const { digests } = await twin();
  await using server = await startFake();
  const faults: readonly Fault[] = [
    { kind: "status", status: 503, code: "SlowDown" },
    { kind: "lost" },
    { kind: "cut" },
    { kind: "refused" },
    { kind: "status", status: 500, code: "InternalError" },
  ];
  server.script = ({ number }) => (number % 3 === 1 ? faults[Math.floor(number / 3) % faults.length]! : null);
  for (const [index, step] of steps.entries()) {
    await step.run(open(server, "one"));
    expect(await currentDigest(await inFolder(server))).toBe(digests[index + 1]);
  }
  expect((await verifyStore(open(server, "one"))).findings).toEqual([]);
});
