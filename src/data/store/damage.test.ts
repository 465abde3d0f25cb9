import { expect, test } from "vitest";
import { compactStore } from "./compact.ts";
import { localStorage } from "./local-storage.ts";
import { keptManifest } from "./manifest.ts";
import type { OpenedStore } from "./open-store.ts";
import { openStore } from "./open-store.ts";
import type { Recompute } from "./repair.ts";
import { repairStore } from "./repair.ts";
import { decodeHeader } from "./segment.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { sampleSessions, sampleSet, sampleValues } from "./testing/sample-store.ts";
import { bootedProcesses } from "./testing/scenario.ts";
import { currentDigest } from "./testing/store-digest.ts";
import { verifyStore } from "./verify.ts";

const key = { calendar: "XSHG", freq: "day" } as const;
const set = sampleSet("bars", { close: "f64", ma: "f32" });
const segment = "/w/segments/bars-0-1.seg";
const rows = 6;

const valueAt = (field: string, row: number, lane: number): number =>
  Math.fround(field === "close" ? row * 100 + lane : row / (lane + 1));

function open(disk: MemoryDisk): OpenedStore {
  return openStore("/", key, {
    sessionsBetween: sampleSessions,
    now: () => 0,
    storage: localStorage("/w", disk),
    processes: bootedProcesses("one"),
    layout: { chunkRows: 2 },
  });
}

async function filled(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  await using writer = await open(disk).writer();
  writer.cover(100, 106);
  writer.addInstruments(["A", "B"]);
  await writer.put(set, 0, 0, [
    { name: "close", values: sampleValues("f64", rows, (row, lane) => valueAt("close", row, lane)) },
    { name: "ma", values: sampleValues("f32", rows, (row, lane) => valueAt("ma", row, lane)) },
  ]);
  writer.setSpan("A", 0, rows - 1);
  await writer.commit({ reason: "first" });
  return disk;
}

function flipped(disk: MemoryDisk, path: string, at: number): MemoryDisk {
  const copy = disk.copy();
  const bytes = copy.files().get(path)!.slice();
  bytes[at]! ^= 0x10;
  copy.tamper(path, bytes);
  return copy;
}

const recompute: Recompute = async ({ fields, rows }) =>
  fields.map((name) => ({
    name,
    values: sampleValues(name === "close" ? "f64" : "f32", rows.to - rows.from, (row, lane) =>
      valueAt(name, row + rows.from, lane),
    ),
  }));

const onlyMa: Recompute = async (wanted) => (wanted.fields.join() === "ma" ? recompute(wanted) : null);

const readAll = async (store: OpenedStore): Promise<string> => currentDigest(store);

test("a flipped byte anywhere in a segment is found by verify, refused by readers and named by both", async () => {
  const disk = await filled();
  const bytes = disk.files().get(segment)!;
  const header = decodeHeader(bytes);
  if (typeof header === "string") throw new Error(header);
  const clean = await readAll(open(disk));
  expect(await verifyStore(open(disk))).toEqual({
    generations: [1],
    files: 1,
    bytes: bytes.length,
    findings: [],
  });
  for (let at = 0; at < bytes.length; at += at < header.headerBytes ? 1 : 7) {
    const store = open(flipped(disk, segment, at));
    const field = at < header.headerBytes ? -1 : at < header.offsets[1]! ? 0 : 1;
    const chunk = field < 0 ? 0 : Math.floor((at - header.offsets[field]!) / [256, 128][field]! / 2);
    const expected =
      field < 0
        ? { kind: "file", rows: { from: 0, to: rows } }
        : { kind: "values", field: ["close", "ma"][field], rows: { from: chunk * 2, to: chunk * 2 + 2 } };
    const { findings } = await verifyStore(store);
    const error: unknown = await readAll(store).catch((error: unknown) => error);
    expect({ at, findings, error }).toMatchObject({
      at,
      findings: [{ file: segment, set: "bars", block: 0, generations: [1], ...expected }],
      error: {
        code: "STORE_DAMAGED",
        place: { file: segment },
        message: expect.stringContaining(field < 0 ? "all fields" : `field ${["close", "ma"][field]}`),
      },
    });
  }
  expect(await readAll(open(disk))).toBe(clean);
});

test("rows and fields that are unharmed can still be read beside damaged ones", async () => {
  const disk = await filled();
  const header = decodeHeader(disk.files().get(segment)!);
  if (typeof header === "string") throw new Error(header);
  await using snapshot = await open(flipped(disk, segment, header.offsets[0]! + 5)).snapshot();
  await expect(snapshot.readBlock("bars", 0, ["close"], { from: 1, to: 2 })).rejects.toThrow(
    "1970-04-11 to 1970-04-12",
  );
  const close = await snapshot.readBlock("bars", 0, ["close"], { from: 2, to: 3 });
  expect(close.get("close")![1]).toBe(201);
  expect((await snapshot.readBlock("bars", 0, ["ma"])).get("ma")![32]).toBe(1);
});

test("a truncated, lengthened, swapped or missing segment is named", async () => {
  const disk = await filled();
  const bytes = disk.files().get(segment)!;
  for (const [what, change] of [
    ["has 100 bytes", bytes.slice(0, 100)],
    [`has ${bytes.length + 1} bytes`, Buffer.concat([bytes, new Uint8Array(1)])],
    ["has 0 bytes", new Uint8Array(0)],
  ] as const) {
    const copy = disk.copy();
    copy.tamper(segment, change);
    const { findings } = await verifyStore(open(copy));
    expect(findings.map((finding) => finding.message).join()).toContain(what);
  }
  const missing = disk.copy();
  await missing.remove(segment);
  expect((await verifyStore(open(missing))).findings[0]!.message).toContain("missing");
  const other = new MemoryDisk();
  await using writer = await open(other).writer();
  writer.cover(100, 106);
  writer.addInstruments(["A"]);
  await writer.put(set, 0, 0, [
    { name: "close", values: sampleValues("f64", rows, () => 1) },
    { name: "ma", values: sampleValues("f32", rows, () => 1) },
  ]);
  await writer.commit({ reason: "same shape, other values" });
  const swapped = disk.copy();
  swapped.tamper(segment, other.files().get(segment)!);
  expect((await verifyStore(open(swapped))).findings[0]!.message).toContain("not the one the manifest lists");
});

test("a flipped byte anywhere in the manifest is found, named and repaired from its copy", async () => {
  const disk = await filled();
  const clean = await readAll(open(disk));
  const length = disk.files().get("/w/manifest.json")!.length;
  for (let at = 0; at < length; at += 11) {
    const copy = flipped(disk, "/w/manifest.json", at);
    await expect(open(copy).snapshot()).rejects.toMatchObject({
      code: "STORE_DAMAGED",
      place: { file: "/w/manifest.json" },
    });
    expect((await verifyStore(open(copy))).findings[0]).toMatchObject({
      kind: "manifest",
      file: "/w/manifest.json",
    });
  }
  const copy = flipped(disk, "/w/manifest.json", 20);
  const report = await repairStore(open(copy), async () => null);
  expect(report).toMatchObject({ manifestRestoredFrom: 1, generation: 1, repaired: [], lost: [] });
  expect(await readAll(open(copy))).toBe(clean);
  await copy.remove("/w/manifest.json");
  expect(await open(copy).exists()).toBe(true);
  await expect(open(copy).snapshot()).rejects.toMatchObject({ code: "STORE_DAMAGED" });
  await expect(open(copy).writer()).rejects.toMatchObject({ code: "STORE_DAMAGED" });
  expect((await repairStore(open(copy), async () => null)).manifestRestoredFrom).toBe(1);
  expect(await readAll(open(copy))).toBe(clean);
});

test("a damaged copy of a manifest is found, and made again from the current one", async () => {
  const disk = flipped(await filled(), `/w/${keptManifest(1)}`, 30);
  expect((await verifyStore(open(disk))).findings).toMatchObject([{ kind: "manifest", generations: [1] }]);
  await repairStore(open(disk), async () => null);
  expect((await verifyStore(open(disk))).findings).toEqual([]);
  expect(await open(disk).generations()).toHaveLength(1);
});

test("what can be recomputed is repaired bit for bit, also when the header or the whole file is gone", async () => {
  const disk = await filled();
  const clean = await readAll(open(disk));
  const header = decodeHeader(disk.files().get(segment)!);
  if (typeof header === "string") throw new Error(header);
  for (const at of [3, header.offsets[0]! + 9, header.offsets[1]! + 300]) {
    const copy = flipped(disk, segment, at);
    const report = await repairStore(open(copy), recompute);
    expect(report.repaired).toHaveLength(1);
    expect(report).toMatchObject({ generation: 2, lost: [] });
    expect(await readAll(open(copy))).toBe(clean);
    expect((await verifyStore(open(copy), { currentOnly: true })).findings).toEqual([]);
  }
  const copy = disk.copy();
  await copy.remove(segment);
  expect((await repairStore(open(copy), recompute)).generation).toBe(2);
  expect(await readAll(open(copy))).toBe(clean);
});

test("what cannot be recomputed is reported and stays as it is", async () => {
  const disk = await filled();
  const header = decodeHeader(disk.files().get(segment)!);
  if (typeof header === "string") throw new Error(header);
  const damaged = flipped(flipped(disk, segment, header.offsets[0]! + 1), segment, header.offsets[1]! + 1);
  const none = await repairStore(open(damaged.copy()), onlyMa);
  expect(none).toMatchObject({ generation: 1, repaired: [] });
  expect(none.lost).toHaveLength(2);
  expect(none.lost[0]).toContain("field close");
  const other = flipped(flipped(disk, segment, header.offsets[0]! + 1), segment, header.offsets[1]! + 300);
  const some = await repairStore(open(other), onlyMa);
  expect([some.generation, some.repaired.length, some.lost.length]).toEqual([2, 1, 1]);
  await using snapshot = await open(other).snapshot();
  expect((await snapshot.readBlock("bars", 0, ["ma"])).get("ma")![2 * 32]).toBe(2);
  await expect(snapshot.readBlock("bars", 0, ["close"])).rejects.toMatchObject({ code: "STORE_DAMAGED" });
  await expect(compactStore(open(other))).rejects.toMatchObject({ code: "STORE_DAMAGED" });
});

/** As the file above says where it lies, else as the first import. */
const corrected: Recompute = async ({ rows }) => [
  {
    name: "ma",
    values: sampleValues("f32", rows.to - rows.from, (row, lane) =>
      row + rows.from >= 1 && row + rows.from < 4 ? 9 : valueAt("ma", row + rows.from, lane),
    ),
  },
];

test("damage in files that lie above one another is repaired together, and lost parts keep to themselves", async () => {
  const disk = await filled();
  {
    await using writer = await open(disk).writer();
    await writer.put(set, 0, 1, [
      { name: "close", values: sampleValues("f64", 3, (row, lane) => valueAt("close", row + 1, lane) + 0.5) },
      { name: "ma", values: sampleValues("f32", 3, () => 9) },
    ]);
    await writer.commit({ reason: "correction" });
  }
  const above = "/w/segments/bars-0-2.seg";
  const length = disk.files().get(above)!.length;
  const damaged = flipped(flipped(disk, above, length - 1), segment, disk.files().get(segment)!.length - 1);
  const clean = await readAll(open(disk));
  const both = damaged.copy();
  expect(await repairStore(open(both), corrected)).toMatchObject({ generation: 3, lost: [] });
  expect(await readAll(open(both))).toBe(clean);
  expect((await verifyStore(open(both), { currentOnly: true })).findings).toEqual([]);
  const report = await repairStore(open(damaged), async (wanted) =>
    wanted.rows.from === 4 ? corrected(wanted) : null,
  );
  expect([report.repaired.length, report.lost.length]).toEqual([1, 1]);
  await using snapshot = await open(damaged).snapshot();
  expect((await snapshot.readBlock("bars", 0, ["ma"], { from: 4, to: 6 })).get("ma")![0]).toBe(4);
});

test("appending beside damage neither fails nor seals the damage under a fresh checksum", async () => {
  const disk = await filled();
  const damaged = flipped(disk, segment, disk.files().get(segment)!.length - 1);
  const store = open(damaged);
  await using writer = await store.writer();
  writer.cover(107, 107);
  await writer.put(set, 0, rows, [{ name: "ma", values: sampleValues("f32", 1, () => 4) }]);
  expect(await writer.commit({ reason: "day" })).toBe(2);
  expect((await verifyStore(store, { currentOnly: true })).findings).toMatchObject([
    { field: "ma", kind: "values" },
  ]);
});
