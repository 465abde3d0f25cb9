import { expect, test } from "vitest";
import { compactStore } from "./compact.ts";
import { localStorage } from "./local-storage.ts";
import type { OpenedStore, StoreOptions } from "./open-store.ts";
import { openStore } from "./open-store.ts";
import type { FieldSet } from "./panel-store.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { sampleSessions, sampleSet, sampleValues } from "./testing/sample-store.ts";
import { bootedProcesses } from "./testing/scenario.ts";
import { currentDigest } from "./testing/store-digest.ts";

const bars = sampleSet("bars", { close: "f64", ma: "f32" });
const key = { calendar: "XSHG", freq: "day" } as const;

function open(disk: MemoryDisk, options: Partial<StoreOptions> = {}): OpenedStore {
  return openStore("/", key, {
    sessionsBetween: sampleSessions,
    now: () => 0,
    storage: localStorage("/w", disk),
    processes: bootedProcesses("one"),
    ...options,
  });
}

const constant = (
  name: string,
  rows: number,
  value: number,
): { name: string; values: Float32Array | Float64Array } => ({
  name,
  values: sampleValues(name === "ma" ? "f32" : "f64", rows, () => value),
});

async function imported(disk: MemoryDisk): Promise<OpenedStore> {
  const store = open(disk);
  await using writer = await store.writer();
  writer.cover(100, 110);
  writer.addInstruments(["A"]);
  await writer.put(bars, 0, 0, [constant("close", 9, 1), constant("ma", 9, 2)]);
  await writer.commit({ reason: "import" });
  return store;
}

async function segmentsOf(store: OpenedStore): Promise<number> {
  await using writer = await store.writer();
  return writer.segmentsOf("bars", 0).length;
}

test("puts to one block that overlap take effect in the order they were called in", async () => {
  const store = await imported(new MemoryDisk());
  {
    await using writer = await store.writer();
    await Promise.all([
      writer.put(bars, 0, 0, [constant("close", 9, 5)]),
      writer.put(bars, 0, 0, [constant("close", 9, 1)]),
      writer.put(bars, 0, 2, [constant("close", 1, 7)]),
    ]);
    await writer.commit({ reason: "three puts" });
  }
  await using snapshot = await store.snapshot();
  const close = (await snapshot.readBlock("bars", 0, ["close"])).get("close")!;
  expect(Array.from({ length: 9 }, (_, row) => close[row * 32])).toEqual([1, 1, 7, 1, 1, 1, 1, 1, 1]);
});

test("a dropped field is forgotten and does not come back under its old values", async () => {
  const disk = new MemoryDisk();
  const store = await imported(disk);
  {
    await using writer = await store.writer();
    writer.drop("bars", ["ma"]);
    writer.drop("nothing of the kind");
    await writer.commit({ reason: "drop" });
  }
  {
    await using snapshot = await store.snapshot();
    await expect(snapshot.readBlock("bars", 0, ["ma"])).rejects.toMatchObject({
      code: "STORE_FIELD_MISSING",
    });
    await using writer = await store.writer();
    await writer.put(bars, 0, 8, [constant("ma", 1, 3)]);
    await writer.commit({ reason: "again" });
  }
  await using snapshot = await store.snapshot();
  const values = await snapshot.readBlock("bars", 0, ["close", "ma"]);
  expect([values.get("ma")![0], values.get("ma")![8 * 32], values.get("close")![0]]).toEqual([
    Number.NaN,
    3,
    1,
  ]);
});

test("a description is brought up to date field by field, whichever object it comes in", async () => {
  const store = await imported(new MemoryDisk());
  const renewed: FieldSet = { ...bars, fields: bars.fields.map((field) => ({ ...field, unit: "USD" })) };
  {
    await using writer = await store.writer();
    await writer.put(renewed, 0, 0, [constant("ma", 1, 2)]);
    await writer.put(bars, 0, 0, [constant("close", 1, 1)]);
    await writer.put(renewed, 0, 0, [constant("close", 1, 1)]);
    expect(await writer.commit({ reason: "units" })).toBe(2);
  }
  await using snapshot = await store.snapshot();
  expect(snapshot.fieldSets.get("bars")!.fields.map(({ name, unit }) => [name, unit])).toEqual([
    ["close", "USD"],
    ["ma", "USD"],
  ]);
});

test("columns may lie in memory that threads share", async () => {
  const store = await imported(new MemoryDisk());
  const values = new Float64Array(new SharedArrayBuffer(32 * 8)).fill(6);
  {
    await using writer = await store.writer();
    await writer.put(bars, 0, 1, [{ name: "close", values }]);
    await writer.commit({ reason: "shared" });
  }
  await using snapshot = await store.snapshot();
  const close = (await snapshot.readBlock("bars", 0, ["close"])).get("close")!;
  expect([close[0], close[32], close[63], close[64]]).toEqual([1, 6, 6, 1]);
});

test("a field may change its width: what is stored is converted when it is read", async () => {
  const store = await imported(new MemoryDisk());
  const wide = sampleSet("bars", { ma: "f64" });
  {
    await using writer = await store.writer();
    await writer.put(wide, 0, 0, [{ name: "ma", values: sampleValues("f64", 1, () => 0.1) }]);
    await writer.commit({ reason: "wider" });
  }
  await using snapshot = await store.snapshot();
  const ma = (await snapshot.readBlock("bars", 0, ["ma"])).get("ma")!;
  expect([ma.constructor.name, ma[0], ma[32]]).toEqual(["Float64Array", 0.1, 2]);
});

test("what was put wrongly is refused before anything is written", async () => {
  const disk = new MemoryDisk();
  const store = await imported(disk);
  await using writer = await store.writer();
  const calls = disk.log.length;
  const close = constant("close", 1, 1);
  for (const [set, block, from, columns, message] of [
    [bars, 1, 0, [close], "block 1 of 1"],
    [bars, 0, 10, [close], "covered rows"],
    [bars, 0, -1, [close], "covered rows"],
    [bars, 0, 0, [{ name: "close", values: new Float64Array(31) }], "covered rows"],
    [bars, 0, 0, [close, close], "put twice"],
    [bars, 0, 0, [close, constant("ma", 2, 1)], "not 32"],
    [bars, 0, 0, [{ name: "open", values: close.values }], "no field open"],
    [bars, 0, 0, [{ name: "ma", values: close.values }], "described as f32"],
    [{ ...bars, name: "a/b" }, 0, 0, [close], "cannot be the name"],
    [{ ...bars, role: "label" }, 0, 0, [close], "market set"],
  ] as [FieldSet, number, number, { name: string; values: Float64Array }[], string][]) {
    await expect(writer.put(set, block, from, columns)).rejects.toThrow(message);
  }
  expect(() => writer.setSpan("A", 0, 10)).toThrow("covered rows");
  expect(() => writer.setSpan("B", 0, 1)).toThrow("not added");
  expect(() => writer.addInstruments([""])).toThrow("id");
  expect(() => writer.cover(5, 4)).toThrow("cannot be covered");
  expect(await writer.commit({ reason: "nothing" })).toBe(1);
  expect(disk.log.slice(calls).every((call) => call.kind === "remove")).toBe(true);
});

test("a calendar that lost a stored session is refused by name", async () => {
  const disk = new MemoryDisk();
  await imported(disk);
  const store = open(disk, {
    sessionsBetween: (start, end) => sampleSessions(start, end).filter((day) => day !== 104),
  });
  await using writer = await store.writer();
  expect(() => writer.cover(100, 120)).toThrow("1970-04-15");
  expect(() => writer.cover(101, 109)).not.toThrow();
});

test("listed files belong to a generation and come back with it", async () => {
  const store = await imported(new MemoryDisk());
  const file = { path: "reference/industry/a.parquet", sha256: "ab", size: 12 };
  for (const files of [[file], [file], []]) {
    await using writer = await store.writer();
    writer.setListing("reference", "industry", files);
    await writer.commit({ reason: "list" });
  }
  expect((await store.generations()).map((kept) => kept.generation)).toEqual([3, 2, 1]);
  await using snapshot = await store.snapshot(2);
  expect(snapshot.listings).toEqual({ reference: { industry: [file] }, events: {} });
});

test("minute bars are rows of sessions × slots, stamped alike in every session", async () => {
  const disk = new MemoryDisk();
  const store = openStore(
    "/",
    { calendar: "XSHG", freq: "60min" },
    {
      sessionsBetween: sampleSessions,
      slots: Int16Array.of(630, 690, 840, 900),
      storage: localStorage("/w", disk),
      processes: bootedProcesses("one"),
    },
  );
  for (const [start, end] of [
    [100, 101],
    [99, 99],
  ] as const) {
    await using writer = await store.writer();
    writer.cover(start, end);
    writer.addInstruments(["A"]);
    await writer.put(bars, 0, 0, [
      { name: "close", values: sampleValues("f64", 4, (row) => start * 10 + row) },
    ]);
    writer.setSpan("A", 0, writer.time.days.length - 1);
    await writer.commit({ reason: "minutes" });
  }
  await using snapshot = await store.snapshot();
  const panel = await snapshot.readPanel({
    set: "bars",
    role: "market",
    fields: ["close"],
    rows: { from: 2, to: 7 },
  });
  expect([...panel.time.days]).toEqual([99, 99, 100, 100, 100]);
  expect([...panel.time.minutes!]).toEqual([840, 900, 630, 690, 840]);
  expect([...panel.columns.get("close")!.values]).toEqual([992, 993, 1000, 1001, 1002]);
  expect(() => open(disk, { slots: Int16Array.of(1) })).toThrow("intraday");
});

test("compaction leaves one file for each set and block, splits large ones, and changes no value", async () => {
  const disk = new MemoryDisk();
  let store = await imported(disk);
  for (let day = 111; day < 130; day++) {
    await using writer = await store.writer();
    writer.cover(day, day);
    await writer.put(bars, 0, writer.time.days.length - 1, [constant("close", 1, day)]);
    await writer.commit({ reason: "day" });
  }
  const digest = await currentDigest(store);
  const before = (await store.generations())[0]!.generation;
  expect(await compactStore(store)).toEqual({ generation: before + 1, rewritten: 1 });
  expect(await currentDigest(store)).toBe(digest);
  expect(await segmentsOf(store)).toBe(1);
  expect(await compactStore(store)).toEqual({ generation: before + 1, rewritten: 0 });
  store = open(disk, { layout: { splitBytes: 4096, chunkRows: 4 } });
  {
    await using writer = await store.writer();
    await writer.refold("bars", 0, { from: 0, to: 20 });
    await writer.commit({ reason: "split" });
  }
  expect(await segmentsOf(store)).toBeGreaterThan(2);
  expect(await currentDigest(store)).toBe(digest);
});
