import { expect, test } from "vitest";
import { DataError } from "../errors.ts";
import { visibleEntries } from "./layers.ts";
import { localStorage } from "./local-storage.ts";
import type { SegmentEntry } from "./manifest.ts";
import { segmentKey, segmentPath } from "./manifest.ts";
import { manifestText, parseManifest } from "./manifest-text.ts";
import { openStore, type OpenedStore, type StoreOptions } from "./open-store.ts";
import { repairStore } from "./repair.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { sampleSessions, sampleSet, sampleValues } from "./testing/sample-store.ts";
import { bootedProcesses } from "./testing/scenario.ts";
import { currentDigest } from "./testing/store-digest.ts";
import { verifyStore } from "./verify.ts";

const bars = sampleSet("bars", { close: "f64", ma: "f32" });
const blocks = [0, 1, 2];
const valueAt = (row: number, lane: number): number => Math.fround(row * 100 + lane / 7);

function open(disk: MemoryDisk, layout: StoreOptions["layout"] = {}): OpenedStore {
  return openStore(
    "/",
    { calendar: "XSHG", freq: "day" },
    {
      sessionsBetween: sampleSessions,
      now: () => 0,
      keep: 1,
      storage: localStorage("/w", disk),
      processes: bootedProcesses("one"),
      layout,
    },
  );
}

async function append(
  store: OpenedStore,
  rows: { readonly from: number; readonly to: number },
): Promise<void> {
  await using writer = await store.writer();
  writer.cover(1, Math.floor((rows.to * 7 - 1) / 6) + 1);
  writer.addInstruments(Array.from({ length: 96 }, (_, index) => `I${index}`));
  for (const block of blocks) {
    const count = rows.to - rows.from;
    await writer.put(bars, block, rows.from, [
      { name: "close", values: sampleValues("f64", count, (row, lane) => valueAt(row + rows.from, lane)) },
      { name: "ma", values: sampleValues("f32", count, (row, lane) => valueAt(row + rows.from, lane)) },
    ]);
  }
  await writer.commit({ reason: "rows" });
}

const filesOf = (disk: MemoryDisk): string[] =>
  [...disk.files().keys()].filter((path) => path.endsWith(".seg")).sort();

const textOf = (disk: MemoryDisk): string => new TextDecoder().decode(disk.files().get("/w/manifest.json"));

async function segmentsOf(store: OpenedStore): Promise<readonly SegmentEntry[]> {
  const [current] = await store.generations();
  return (await store.manifestOf(current!.generation)).segments;
}

test("what one write puts into many blocks is one file, and reads as files of their own do", async () => {
  const [packed, alone] = [new MemoryDisk(), new MemoryDisk()];
  await append(open(packed), { from: 0, to: 6 });
  await append(open(alone, { packBytes: 0 }), { from: 0, to: 6 });
  expect(filesOf(packed)).toHaveLength(1);
  expect(filesOf(packed)[0]).toMatch(/segments\/pack-g1-0-[0-9a-f]{16}\.seg$/);
  expect(filesOf(alone)).toHaveLength(3);
  expect(await currentDigest(open(packed))).toBe(await currentDigest(open(alone)));
  const places = (await segmentsOf(open(packed))).map(segmentKey);
  expect(new Set(places).size).toBe(3);
  expect((await verifyStore(open(packed))).files).toBe(1);
});

test("fields and rows of a block that are put one after the other share a file with all others", async () => {
  const disk = new MemoryDisk();
  const store = open(disk);
  {
    await using writer = await store.writer();
    writer.cover(1, 6);
    writer.addInstruments(Array.from({ length: 64 }, (_, index) => `I${index}`));
    for (const block of [0, 1]) {
      await writer.put(bars, block, 0, [{ name: "close", values: sampleValues("f64", 2, () => block) }]);
      await writer.put(bars, block, 0, [{ name: "ma", values: sampleValues("f32", 2, () => block) }]);
      await writer.put(bars, block, 2, [{ name: "ma", values: sampleValues("f32", 3, () => 7) }]);
    }
    await writer.commit({ reason: "in parts" });
  }
  expect(filesOf(disk)).toHaveLength(1);
  await using snapshot = await open(disk).snapshot();
  const read = await snapshot.readBlock("bars", 1, ["close", "ma"], { from: 1, to: 3 });
  expect([read.get("close")![0], read.get("ma")![0], read.get("ma")![32]]).toEqual([1, 1, 7]);
});

test("a store whose segments have files of their own goes on with shared ones", async () => {
  const [disk, other] = [new MemoryDisk(), new MemoryDisk()];
  await append(open(disk, { packBytes: 0 }), { from: 0, to: 5 });
  for (let row = 5; row < 12; row++) await append(open(disk), { from: row, to: row + 1 });
  await append(open(other), { from: 0, to: 12 });
  expect(await digestOfRows(disk)).toBe(await digestOfRows(other));
  expect((await verifyStore(open(disk))).findings).toEqual([]);
});

/** The values alone: sessions are the same, generations are not. */
async function digestOfRows(disk: MemoryDisk): Promise<string> {
  await using snapshot = await open(disk).snapshot();
  const all: number[] = [];
  for (const block of blocks) {
    for (const values of (
      await snapshot.readBlock("bars", block, ["close", "ma"], { from: 0, to: 12 })
    ).values())
      all.push(...values);
  }
  return all.join();
}

test("rows of single days and folded ones lie in files of their own, and a file goes when nothing of it is kept", async () => {
  const disk = new MemoryDisk();
  const layout = { tiers: [8, 64], chunkRows: 4 };
  for (let row = 0; row < 40; row++) await append(open(disk, layout), { from: row, to: row + 1 });
  const segments = await segmentsOf(open(disk, layout));
  const rowsIn = new Map<string, Set<number>>();
  for (const entry of segments) {
    const path = segmentPath(entry);
    rowsIn.set(path, (rowsIn.get(path) ?? new Set()).add(entry.to - entry.from));
  }
  for (const rows of rowsIn.values()) expect(new Set(Array.from(rows, (count) => count >= 8)).size).toBe(1);
  // Blocks fold at different days: 16 days of single rows at most, two generations, and what was folded.
  expect(filesOf(disk).length).toBeLessThan(25);
  expect(segments.filter(({ from, to }) => to - from === 8).length).toBeGreaterThanOrEqual(9);
  const digest = await currentDigest(open(disk, layout));
  await open(disk, layout).collect();
  expect(await currentDigest(open(disk, layout))).toBe(digest);
});

test("no segment stays listed of which nothing is seen, whatever file its fold is in", async () => {
  for (const packBytes of [0, 2 ** 20]) {
    const disk = new MemoryDisk();
    const layout = { tiers: [8, 64], chunkRows: 4, packBytes };
    for (let row = 0; row < 12; row++) {
      await append(open(disk, layout), { from: row, to: row + 1 });
      const segments = await segmentsOf(open(disk, layout));
      for (const block of blocks) {
        const own = segments.filter((entry) => entry.block === block);
        expect(own.length, `${own.length} of block ${block} after row ${row}`).toBe(
          visibleEntries(own).length,
        );
      }
    }
    const first = (await segmentsOf(open(disk, layout))).filter(({ block }) => block === 0);
    expect(first.map(({ from, to }) => [from, to])).toEqual([
      [0, 8],
      [8, 9],
      [9, 10],
      [10, 11],
      [11, 12],
    ]);
  }
});

test("a flipped byte anywhere in a shared file is found, named with its block, and repaired", async () => {
  const disk = new MemoryDisk();
  await append(open(disk), { from: 0, to: 2 });
  const [path] = filesOf(disk);
  const bytes = disk.files().get(path!)!;
  const segments = await segmentsOf(open(disk));
  const clean = await currentDigest(open(disk));
  for (let at = 0; at < bytes.length; at += 41) {
    const copy = disk.copy();
    const changed = bytes.slice();
    changed[at]! ^= 4;
    copy.tamper(path!, changed);
    const hit = segments.find((entry) => entry.pack!.at <= at && at < entry.pack!.at + entry.bytes)!;
    const { findings } = await verifyStore(open(copy));
    expect({ at, findings }).toMatchObject({ at, findings: [{ file: path, set: "bars", block: hit.block }] });
    await expect(currentDigest(open(copy))).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    const report = await repairStore(open(copy), async ({ fields, rows }) =>
      fields.map((name) => ({
        name,
        values: sampleValues(name === "close" ? "f64" : "f32", rows.to - rows.from, (row, lane) =>
          valueAt(row + rows.from, lane),
        ),
      })),
    );
    expect(report).toMatchObject({ lost: [] });
    expect(await currentDigest(open(copy))).toBe(clean);
  }
});

test("a shared file that is truncated or missing is damage of every segment beyond its end", async () => {
  const disk = new MemoryDisk();
  await append(open(disk), { from: 0, to: 2 });
  const [path] = filesOf(disk);
  const bytes = disk.files().get(path!)!;
  const cut = disk.copy();
  const last = (await segmentsOf(open(disk))).find(({ block }) => block === 2)!;
  cut.tamper(path!, bytes.slice(0, last.pack!.at + 10));
  expect((await verifyStore(open(cut))).findings).toMatchObject([{ block: 2, kind: "file" }]);
  await cut.remove(path!);
  expect((await verifyStore(open(cut))).findings.map(({ block }) => block)).toEqual([0, 1, 2]);
});

test("a field that is dropped before its segment has a file, and one put twice, leave what was said last", async () => {
  const disk = new MemoryDisk();
  const store = open(disk);
  {
    await using writer = await store.writer();
    writer.cover(1, 6);
    writer.addInstruments(["A"]);
    await writer.put(bars, 0, 0, [
      { name: "close", values: sampleValues("f64", 2, () => 1) },
      { name: "ma", values: sampleValues("f32", 2, () => 1) },
    ]);
    writer.drop("bars", ["ma"]);
    await writer.put(bars, 0, 0, [{ name: "close", values: sampleValues("f64", 1, () => 2) }]);
    await writer.commit({ reason: "both" });
  }
  await using snapshot = await open(disk).snapshot();
  expect(snapshot.fieldSets.get("bars")!.fields.map(({ name }) => name)).toEqual(["close"]);
  expect([...(await snapshot.readBlock("bars", 0, ["close"], { from: 0, to: 2 })).get("close")!]).toEqual([
    ...sampleValues("f64", 1, () => 2),
    ...sampleValues("f64", 1, () => 1),
  ]);
});

test("a manifest without shared files can be read by earlier programs, and one with them cannot", async () => {
  const [packed, alone] = [new MemoryDisk(), new MemoryDisk()];
  await append(open(packed), { from: 0, to: 1 });
  await append(open(alone, { packBytes: 0 }), { from: 0, to: 1 });
  expect(textOf(alone)).toMatch(/^\{"version":1,/);
  expect(textOf(packed)).toMatch(/^\{"version":2,/);
  expect(manifestText(parseManifest(textOf(packed), "m"))).toBe(textOf(packed));
  const broken = { ...parseManifest(textOf(packed), "m") };
  const pack = { file: "pack-g1-0-0.seg", at: 0 };
  const text = manifestText({ ...broken, segments: broken.segments.map((entry) => ({ ...entry, pack })) });
  expect(parseManifest(text, "m").segments.every((entry) => entry.pack!.file === pack.file)).toBe(true);
});

test("an attempt whose shared file is gone cannot be adopted", async () => {
  const disk = new MemoryDisk();
  const store = open(disk);
  await append(store, { from: 0, to: 2 });
  const generation = await store.beginRun("r1");
  const base = await store.manifestOf(generation);
  const factors = sampleSet("factors", { x: "f32" }, "factor");
  await using attempt = await store.attempt(generation, { run: "r1", attempt: 1 });
  for (const block of blocks)
    await attempt.put(factors, block, 0, [{ name: "x", values: sampleValues("f32", 2, () => block) }]);
  const staged = await attempt.settle();
  expect(staged.map(({ segments }) => segments.length)).toEqual([1, 1, 1]);
  const path = segmentPath(staged[0]!.segments[0]!);
  expect(path).toMatch(/~r1\.1\.seg$/);
  await disk.remove(`/w/${path}`);
  await using writer = await store.writer();
  const error: unknown = await writer.adopt(staged[0]!, base).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(DataError);
  expect(error).toMatchObject({ code: "STORE_CHANGED", message: expect.stringContaining("is gone") });
});
