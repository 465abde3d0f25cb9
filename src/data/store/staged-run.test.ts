import { expect, test } from "vitest";
import { localStorage } from "./local-storage.ts";
import type { ManifestSnapshot } from "./snapshot.ts";
import { openStore, type OpenedStore, type StoreOptions } from "./open-store.ts";
import { LANES_PER_BLOCK, type FieldSet } from "./panel-store.ts";
import type { StagedBlock } from "./staged-run.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { sampleSessions, sampleSet, sampleValues } from "./testing/sample-store.ts";
import { bootedProcesses } from "./testing/scenario.ts";

const bars = sampleSet("bars", { close: "f64" });
const factors = (generation: number): FieldSet => {
  const set = sampleSet("factors", { ma: "f32" }, "factor");
  return {
    ...set,
    fields: set.fields.map((field) => ({
      ...field,
      lineage: { ...field.lineage, inputGeneration: generation },
    })),
  };
};

function open(disk: MemoryDisk, options: Partial<StoreOptions> = {}): OpenedStore {
  return openStore(
    "/",
    { calendar: "XSHG", freq: "day" },
    {
      sessionsBetween: sampleSessions,
      now: () => 0,
      storage: localStorage("/w", disk),
      processes: bootedProcesses("one"),
      ...options,
    },
  );
}

/** Bars of two blocks. */
async function imported(disk: MemoryDisk, value = 1): Promise<OpenedStore> {
  const store = open(disk, { keep: 1 });
  await using writer = await store.writer();
  writer.cover(100, 110);
  writer.addInstruments(Array.from({ length: LANES_PER_BLOCK + 1 }, (_, index) => `I${index}`));
  for (const block of [0, 1])
    await writer.put(bars, block, 0, [{ name: "close", values: sampleValues("f64", 9, () => value) }]);
  await writer.commit({ reason: "import" });
  return store;
}

const ma = (value: number): { name: string; values: Float32Array | Float64Array } => ({
  name: "ma",
  values: sampleValues("f32", 9, () => value),
});

async function staged(
  store: OpenedStore,
  work: { readonly attempt: number; readonly block: number; readonly value: number },
): Promise<readonly StagedBlock[]> {
  const generation = await store.beginRun("r1");
  await using attempt = await store.attempt(generation, { run: "r1", attempt: work.attempt });
  await attempt.put(factors(generation), work.block, 0, [ma(work.value)]);
  return await attempt.settle();
}

async function adopted(store: OpenedStore, blocks: readonly StagedBlock[]): Promise<number> {
  const generation = await store.beginRun("r1");
  await using writer = await store.writer();
  writer.describe(factors(generation));
  for (const block of blocks) await writer.adopt(block, await store.manifestOf(generation));
  return await writer.commit({ reason: "run" });
}

async function valuesOf(store: OpenedStore, block: number): Promise<number> {
  await using snapshot = await store.snapshot();
  return (await snapshot.readBlock("factors", block, ["ma"])).get("ma")![0]!;
}

/** As the database hands it back. */
const kept = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const segments = async (disk: MemoryDisk): Promise<readonly string[]> =>
  (await disk.list("/w/segments")).filter((name) => name.startsWith("factors")).sort();

test("what attempts stage is seen when it is adopted, all at once", async () => {
  const disk = new MemoryDisk();
  const store = await imported(disk);
  const first = await staged(store, { attempt: 1, block: 0, value: 5 });
  const second = await staged(open(disk), { attempt: 2, block: 1, value: 6 });
  await using before = await store.snapshot();
  expect([...before.fieldSets.keys()]).toEqual(["bars"]);
  expect(await adopted(store, kept([...first, ...second]))).toBe(2);
  expect([await valuesOf(store, 0), await valuesOf(store, 1)]).toEqual([5, 6]);
  await store.endRun("r1");
  await store.collect();
  expect([await valuesOf(store, 0), await valuesOf(store, 1)]).toEqual([5, 6]);
  expect(await segments(disk)).toEqual(["factors-0-2~r1.1.seg", "factors-1-2~r1.2.seg"]);
});

test("adopting twice changes nothing", async () => {
  const disk = new MemoryDisk();
  const store = await imported(disk);
  const blocks = await staged(store, { attempt: 1, block: 0, value: 5 });
  expect(await adopted(store, blocks)).toBe(2);
  expect(await adopted(store, blocks)).toBe(2);
});

test("a run's files and its base generation stay while others write, and go with the run", async () => {
  const disk = new MemoryDisk();
  const store = await imported(disk);
  const blocks = await staged(store, { attempt: 1, block: 0, value: 5 });
  for (let value = 2; value < 6; value++) await imported(disk, value);
  expect((await store.generations()).map(({ generation }) => generation)).toEqual([5, 4, 1]);
  expect(await adopted(store, blocks)).toBe(6);
  expect(await valuesOf(store, 0)).toBe(5);
  await staged(store, { attempt: 2, block: 1, value: 7 });
  expect(await segments(disk)).toHaveLength(2);
  await store.endRun("r1");
  expect(await store.runs()).toEqual([]);
  await store.collect();
  expect(await segments(disk)).toEqual(["factors-0-2~r1.1.seg"]);
});

test("the generation that factors were computed from is kept, to compare with", async () => {
  const disk = new MemoryDisk();
  const store = await imported(disk);
  await adopted(store, await staged(store, { attempt: 1, block: 0, value: 5 }));
  await store.endRun("r1");
  for (let value = 2; value < 6; value++) await imported(disk, value);
  expect((await store.generations()).map(({ generation }) => generation)).toEqual([6, 5, 1]);
});

test("a block that somebody else wrote meanwhile is not adopted, nor one whose file is gone", async () => {
  const disk = new MemoryDisk();
  const store = await imported(disk);
  const blocks = await staged(store, { attempt: 1, block: 0, value: 5 });
  {
    await using writer = await store.writer();
    await writer.put(factors(1), 0, 0, [ma(8)]);
    await writer.commit({ reason: "other" });
  }
  await expect(adopted(store, blocks)).rejects.toMatchObject({ code: "STORE_CHANGED" });
  const others = await staged(store, { attempt: 2, block: 1, value: 6 });
  await disk.remove("/w/segments/factors-1-2~r1.2.seg");
  await expect(adopted(store, others)).rejects.toMatchObject({ code: "STORE_CHANGED" });
  expect(await valuesOf(store, 0)).toBe(8);
});

test("a store is not rolled back under a run", async () => {
  const disk = new MemoryDisk();
  const store = await imported(disk);
  await imported(disk, 2);
  await staged(store, { attempt: 1, block: 0, value: 5 });
  await expect(store.rollback(1)).rejects.toMatchObject({ code: "STORE_LOCKED" });
  await store.endRun("r1");
  expect(await store.rollback(1)).toBe(3);
});

test("an attempt that is not settled leaves no file", async () => {
  const disk = new MemoryDisk();
  await imported(disk);
  for (const packBytes of [0, 2 ** 20]) {
    const store = open(disk, { layout: { packBytes } });
    const generation = await store.beginRun("r1");
    {
      await using attempt = await store.attempt(generation, { run: "r1", attempt: 1 });
      await attempt.put(factors(generation), 0, 0, [ma(1)]);
      // What is put again cannot wait for others to share its file.
      if (packBytes > 0) await attempt.put(factors(generation), 0, 0, [ma(2)]);
      expect(await segments(disk)).toHaveLength(1);
    }
    expect(await segments(disk)).toEqual([]);
  }
});

test("a snapshot tells which generation wrote to a block", async () => {
  const disk = new MemoryDisk();
  const store = await imported(disk);
  {
    await using writer = await store.writer();
    writer.cover(100, 112);
    await writer.put(bars, 1, 9, [{ name: "close", values: sampleValues("f64", 1, () => 3) }]);
    await writer.commit({ reason: "day" });
  }
  await using snapshot: ManifestSnapshot = (await store.snapshot()) as ManifestSnapshot;
  expect([0, 1].map((block) => snapshot.writtenIn("bars", block))).toEqual([1, 2]);
  expect(snapshot.writtenIn("factors", 0)).toBe(0);
});

test("which blocks are behind is kept in the manifest until it is told otherwise", async () => {
  const disk = new MemoryDisk();
  const store = await imported(disk);
  {
    await using writer = await store.writer();
    await writer.put(factors(1), 0, 0, [ma(8)]);
    writer.describe({ ...factors(1), behind: { 1: 0 } });
    await writer.commit({ reason: "half" });
  }
  const behind = async (): Promise<unknown> => {
    await using snapshot = await open(disk).snapshot();
    return snapshot.fieldSets.get("factors")?.behind;
  };
  expect(await behind()).toEqual({ 1: 0 });
  {
    await using writer = await store.writer();
    writer.describe(factors(1));
    await writer.commit({ reason: "whole" });
  }
  expect(await behind()).toBeUndefined();
});
