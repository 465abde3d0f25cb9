import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { OpenedStore } from "./open-store.ts";
import { listStores, openStore } from "./open-store.ts";
import { LANES_PER_BLOCK } from "./panel-store.ts";
import { sampleSessions, sampleSet, sampleValues, temporaryFolder } from "./testing/sample-store.ts";

const key = { calendar: "XSHG", freq: "day" } as const;
const bars = sampleSet("bars", { close: "f64", volume: "f64" });
const factors = sampleSet("alpha", { MA5: "f32" }, "factor");

const opened = (root: string): OpenedStore =>
  openStore(root, key, { sessionsBetween: sampleSessions, now: () => 7 });

async function firstImport(
  store: OpenedStore,
  ids: readonly string[],
  days: { start: number; end: number },
): Promise<number> {
  await using writer = await store.writer();
  writer.cover(days.start, days.end);
  const rows = writer.time.days.length;
  const places = writer.addInstruments(ids);
  for (let block = 0; block <= places.at(-1)!.block; block++) {
    await writer.put(bars, block, 0, [
      {
        name: "close",
        values: sampleValues("f64", rows, (row, lane) => block * 1e6 + row * 100 + lane + 0.1),
      },
      { name: "volume", values: sampleValues("f64", rows, (row, lane) => 2 ** 53 - 1 - row * 32 - lane) },
    ]);
  }
  for (const id of ids) writer.setSpan(id, 0, rows - 1);
  return writer.commit({ reason: "first import" });
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `S${index}`);

test("a store that does not exist says so and has no base for its first writer", async () => {
  using folder = temporaryFolder();
  const store = opened(folder.path);
  expect(await store.exists()).toBe(false);
  await expect(store.snapshot()).rejects.toMatchObject({ code: "STORE_MISSING" });
  await expect(store.generations()).rejects.toMatchObject({ code: "STORE_MISSING" });
  expect(await listStores(folder.path)).toEqual([]);
  await using writer = await store.writer();
  expect(writer.base).toBeNull();
  expect(await writer.commit({ reason: "nothing" })).toBe(0);
  expect(await store.exists()).toBe(false);
});

test("what was put is read back bit for bit, by block and as a panel in the order asked for", async () => {
  using folder = temporaryFolder();
  const store = opened(folder.path);
  expect(await firstImport(store, names(40), { start: 100, end: 119 })).toBe(1);
  expect(await listStores(folder.path)).toEqual([key]);
  await using snapshot = await opened(folder.path).snapshot();
  expect(snapshot.generation).toBe(1);
  expect(snapshot.summary).toMatchObject({
    parent: null,
    reason: "first import",
    writtenAt: 7,
    current: true,
  });
  expect(snapshot.blocks).toBe(2);
  expect([...snapshot.time.days]).toEqual([...sampleSessions(100, 119)]);
  const block = await snapshot.readBlock("bars", 1, ["close"], { from: 2, to: 4 });
  expect(block.get("close")).toEqual(
    sampleValues("f64", 2, (row, lane) => 1e6 + (row + 2) * 100 + lane + 0.1),
  );
  const panel = await snapshot.readPanel({
    set: "bars",
    role: "market",
    fields: ["volume", "close"],
    instruments: ["S35", "S1"],
    rows: { from: 3, to: 6 },
  });
  expect([...panel.columns.keys()]).toEqual(["volume", "close"]);
  expect(panel.instruments).toEqual(["S35", "S1"]);
  expect([...panel.first, ...panel.last]).toEqual([0, 0, 2, 2]);
  expect([...panel.columns.get("close")!.values]).toEqual([
    1_000_303.1, 301.1, 1_000_403.1, 401.1, 1_000_503.1, 501.1,
  ]);
  expect(Array.from(panel.columns.get("volume")!.values.slice(0, 2))).toEqual([
    2 ** 53 - 1 - 99,
    2 ** 53 - 1 - 97,
  ]);
  expect(panel.columns.get("close")!.unit).toBe("CNY");
});

test("a day is appended, a value corrected, a set added, and older generations stay what they were", async () => {
  using folder = temporaryFolder();
  const store = opened(folder.path);
  await firstImport(store, names(3), { start: 100, end: 119 });
  await using first = await store.snapshot();
  {
    await using writer = await store.writer();
    writer.cover(120, 120);
    const row = writer.time.days.length - 1;
    await writer.put(bars, 0, row, [{ name: "close", values: sampleValues("f64", 1, (_, lane) => lane) }]);
    await writer.put(bars, 0, 2, [{ name: "close", values: sampleValues("f64", 1, () => -1) }]);
    await writer.put(factors, 0, 0, [{ name: "MA5", values: sampleValues("f32", row + 1, () => 0.1) }]);
    for (const id of names(3)) writer.setSpan(id, 0, row);
    expect(await writer.commit({ reason: "day" })).toBe(2);
  }
  await using second = await store.snapshot();
  const rows = second.time.days.length;
  const { columns } = await second.readPanel({ set: "bars", role: "market" });
  expect(Array.from(columns.get("close")!.values.slice(-3))).toEqual([0, 1, 2]);
  expect(Array.from(columns.get("volume")!.values.slice(-3))).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  expect(Array.from(columns.get("close")!.values.slice(3, 12))).toEqual([
    100.1, 101.1, 102.1, -1, -1, -1, 300.1, 301.1, 302.1,
  ]);
  const factor = await second.readPanel({ set: "alpha", role: "factor" });
  expect(factor.columns.get("MA5")!.values).toEqual(new Float32Array(rows * 3).fill(0.1));
  const old = await first.readPanel({ set: "bars", role: "market" });
  expect(old.time.days.length).toBe(rows - 1);
  expect(Array.from(old.columns.get("close")!.values.slice(6, 9))).toEqual([200.1, 201.1, 202.1]);
  await using again = await store.snapshot(1);
  expect(again.summary.current).toBe(false);
  expect(again.fieldSets.has("alpha")).toBe(false);
});

test("putting what is stored already makes no generation, and puts only what differs", async () => {
  using folder = temporaryFolder();
  const store = opened(folder.path);
  await firstImport(store, names(3), { start: 100, end: 119 });
  expect(await firstImport(store, names(3), { start: 100, end: 119 })).toBe(1);
  const segments = join(folder.path, "XSHG/day/segments");
  expect(readdirSync(segments)).toEqual(["bars-0-1.seg"]);
  {
    await using writer = await store.writer();
    const rows = writer.time.days.length;
    const close = sampleValues("f64", rows, (row, lane) => row * 100 + lane + 0.1);
    close[5 * LANES_PER_BLOCK + 1] = Number.NEGATIVE_INFINITY;
    await writer.put(bars, 0, 0, [{ name: "close", values: close }]);
    expect(await writer.commit({ reason: "one value" })).toBe(2);
  }
  await using snapshot = await store.snapshot();
  const { columns } = await snapshot.readPanel({ set: "bars", role: "market", instruments: ["S1"] });
  expect(Array.from(columns.get("close")!.values.slice(4, 7))).toEqual([
    401.1,
    Number.NEGATIVE_INFINITY,
    601.1,
  ]);
});

test("earlier history moves the rows up and leaves the files as they are", async () => {
  using folder = temporaryFolder();
  const store = opened(folder.path);
  await firstImport(store, ["A", "B"], { start: 100, end: 119 });
  await using before = await store.snapshot();
  {
    await using writer = await store.writer();
    writer.cover(80, 99);
    const earlier = sampleSessions(80, 99).length;
    expect(writer.addInstruments(["B"])[0]).toMatchObject({ lane: 1, first: earlier });
    await writer.put(bars, 0, 0, [
      { name: "close", values: sampleValues("f64", earlier, (row, lane) => -row - lane) },
    ]);
    writer.setSpan("A", 0, writer.time.days.length - 1);
    expect(await writer.commit({ reason: "earlier" })).toBe(2);
  }
  await using after = await store.snapshot();
  const earlier = after.time.days.length - before.time.days.length;
  expect([...after.time.days]).toEqual([...sampleSessions(80, 119)]);
  const panel = await after.readPanel({ set: "bars", role: "market", fields: ["close"] });
  const values = panel.columns.get("close")!.values;
  expect([values[0], values[1], values[2 * earlier], values[2 * earlier + 1]]).toEqual([
    -0,
    Number.NaN,
    0.1,
    1.1,
  ]);
  expect([...panel.first]).toEqual([0, earlier]);
  const old = await before.readPanel({ set: "bars", role: "market", fields: ["close"] });
  expect([...old.columns.get("close")!.values]).toEqual(Array.from(values.slice(2 * earlier)));
});

test("a second writer is told who holds the store, and an aborted write leaves nothing", async () => {
  using folder = temporaryFolder();
  const store = opened(folder.path);
  await firstImport(store, ["A"], { start: 100, end: 119 });
  const writer = await store.writer();
  await expect(opened(folder.path).writer()).rejects.toMatchObject({
    code: "STORE_LOCKED",
    message: expect.stringContaining(`process ${process.pid}`),
  });
  await writer.put(bars, 0, 0, [{ name: "close", values: sampleValues("f64", 1, () => 9) }]);
  await writer.abort();
  expect(readdirSync(join(folder.path, "XSHG/day/segments"))).toEqual(["bars-0-1.seg"]);
  await expect(writer.put(bars, 0, 0, [])).rejects.toThrow("closed");
  expect(await firstImport(store, ["A"], { start: 100, end: 119 })).toBe(1);
  expect(readdirSync(join(folder.path, "XSHG/day/writers"))).toEqual([]);
});

test("what an interrupted writer left is cleared by the next one", async () => {
  using folder = temporaryFolder();
  const store = opened(folder.path);
  await firstImport(store, ["A"], { start: 100, end: 119 });
  const segments = join(folder.path, "XSHG/day/segments");
  writeFileSync(join(segments, "bars-0-2.seg"), "half");
  writeFileSync(join(folder.path, "XSHG/day/manifest.json.tmp"), "half");
  await (await store.writer()).abort();
  expect(readdirSync(segments)).toEqual(["bars-0-1.seg"]);
  expect(readdirSync(join(folder.path, "XSHG/day")).sort()).toEqual([
    "manifest-1.json",
    "manifest.json",
    "segments",
    "writers",
  ]);
});

test("asking for what is not there is a coded error that lists what is", async () => {
  using folder = temporaryFolder();
  const store = opened(folder.path);
  await firstImport(store, ["A"], { start: 100, end: 119 });
  await using snapshot = await store.snapshot();
  await expect(snapshot.readPanel({ set: "nope", role: "market" })).rejects.toMatchObject({
    code: "STORE_FIELD_MISSING",
    message: expect.stringContaining("bars"),
  });
  await expect(snapshot.readBlock("bars", 0, ["open"])).rejects.toMatchObject({
    code: "STORE_FIELD_MISSING",
    message: expect.stringContaining("close, volume"),
  });
  await expect(snapshot.readPanel({ set: "bars", role: "market", instruments: ["Z"] })).rejects.toMatchObject(
    { code: "STORE_INSTRUMENT_MISSING" },
  );
  await expect(snapshot.readPanel({ set: "bars", role: "factor" })).rejects.toThrow("market set");
  await expect(store.snapshot(5)).rejects.toMatchObject({ code: "STORE_GENERATION_MISSING" });
});
