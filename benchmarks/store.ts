/**
 * The panel store against writing the same bytes to one file with fdatasync: first import, reading back, one-day
 * appends. Values are checked before anything is timed.
 *
 *   node benchmarks/store.ts [--instruments 640] [--days 1000] [--fields 6] [--dtype f64] [--appends 40] [--json] [--full]
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { OpenedStore } from "#data/store/open-store";
import { openStore } from "#data/store/open-store";
import type { FieldSet, StoredDtype } from "#data/store/panel-store";
import { LANES_PER_BLOCK } from "#data/store/panel-store";

const { values: options } = parseArgs({
  options: {
    instruments: { type: "string", default: "640" },
    days: { type: "string", default: "1000" },
    fields: { type: "string", default: "6" },
    dtype: { type: "string", default: "f64" },
    appends: { type: "string", default: "40" },
    json: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
  },
});
const instruments = options.full ? 5000 : Number(options.instruments);
const days = options.full ? 2500 : Number(options.days);
const fieldCount = Number(options.fields);
const appends = Number(options.appends);
const dtype: StoredDtype = options.dtype === "f32" ? "f32" : "f64";
const width = dtype === "f32" ? 4 : 8;
const blocks = Math.ceil(instruments / LANES_PER_BLOCK);
const bytes = blocks * LANES_PER_BLOCK * days * fieldCount * width;

const set: FieldSet = {
  name: "bench",
  role: "market",
  fields: Array.from({ length: fieldCount }, (_, index) => ({
    name: `F${index}`,
    dtype,
    unit: "1",
    lineage: { from: "benchmark", engine: "0", inputGeneration: 0 },
  })),
};
/** Blocks that are kept ready, so that making values is no part of what is timed. */
const READY = 2;
const valueAt = (field: number, block: number, row: number, lane: number): number =>
  Math.fround(field + (block % READY) / 8 + row * 3 + lane / 64);

function columnsOf(
  block: number,
  from: number,
  rows: number,
): { name: string; values: Float32Array | Float64Array }[] {
  return set.fields.map(({ name }, field) => {
    const length = rows * LANES_PER_BLOCK;
    const values = dtype === "f32" ? new Float32Array(length) : new Float64Array(length);
    for (let cell = 0; cell < length; cell++) {
      values[cell] = valueAt(field, block, from + Math.floor(cell / LANES_PER_BLOCK), cell % LANES_PER_BLOCK);
    }
    return { name, values };
  });
}

const ready = Array.from({ length: READY }, (_, block) => columnsOf(block, 0, days));

function report(name: string, value: number, unit: string): void {
  const line = { name, value: Number(value.toPrecision(4)), unit, threads: 1 };
  console.log(options.json ? JSON.stringify(line) : `${name.padEnd(28)} ${line.value} ${unit}`);
}

const seconds = async (work: () => Promise<void>): Promise<number> => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
};

const sessions = (start: number, end: number): Int32Array =>
  Int32Array.from({ length: end - start + 1 }, (_, index) => start + index);
const folder = mkdtempSync(join(tmpdir(), "bench-store-"));
const store = (): OpenedStore =>
  openStore(folder, { calendar: "24x7", freq: "day" }, { sessionsBetween: sessions });
const ids = Array.from({ length: instruments }, (_, index) => `I${index}`);

/** The same bytes, made the same way, into one file. */
async function writeRaw(): Promise<void> {
  const file = openSync(join(folder, "raw"), "w");
  for (let block = 0; block < blocks; block++) {
    for (const { values } of ready[block % READY]!) writeSync(file, values);
  }
  fdatasyncSync(file);
  closeSync(file);
}

async function writeStore(): Promise<void> {
  await using writer = await store().writer();
  writer.cover(0, days - 1);
  writer.addInstruments(ids);
  for (let block = 0; block < blocks; block++) await writer.put(set, block, 0, ready[block % READY]!);
  for (const id of ids) writer.setSpan(id, 0, days - 1);
  await writer.commit({ reason: "import" });
}

async function appendDay(day: number): Promise<void> {
  await using writer = await store().writer();
  writer.cover(day, day);
  for (let block = 0; block < blocks; block++) await writer.put(set, block, day, columnsOf(block, day, 1));
  for (const id of ids) writer.setSpan(id, 0, day);
  await writer.commit({ reason: "append" });
}

async function check(rows: number): Promise<void> {
  await using snapshot = await store().snapshot();
  for (const block of [0, blocks - 1]) {
    const stored = await snapshot.readBlock(set.name, block, ["F0", `F${fieldCount - 1}`]);
    for (const [name, values] of stored) {
      const field = Number(name.slice(1));
      for (let cell = 0; cell < rows * LANES_PER_BLOCK; cell++) {
        const expected = valueAt(field, block, Math.floor(cell / LANES_PER_BLOCK), cell % LANES_PER_BLOCK);
        if (values[cell] !== expected)
          throw new Error(`${name}, block ${block}, cell ${cell} is ${values[cell]}`);
      }
    }
  }
}

async function readAll(): Promise<void> {
  await using snapshot = await store().snapshot();
  const names = set.fields.map((field) => field.name);
  for (let block = 0; block < blocks; block++) await snapshot.readBlock(set.name, block, names);
}

try {
  if (!options.json) {
    console.log(
      `${cpus()[0]?.model}: ${instruments} instruments × ${days} days × ${fieldCount} ${dtype}, ${bytes / 1e6} MB`,
    );
  }
  // Turns about, and the smallest of three: the disk is shared and each takes from the other's cache.
  const raws: number[] = [];
  const stores: number[] = [];
  for (let round = 0; round < 3; round++) {
    raws.push(await seconds(writeRaw));
    rmSync(join(folder, "raw"));
    rmSync(join(folder, "24x7"), { recursive: true, force: true });
    stores.push(await seconds(writeStore));
    await check(days);
  }
  const raw = Math.min(...raws);
  const written = Math.min(...stores);
  report("store/write", bytes / 1e6 / written, "MB/s");
  report("store/raw-write", bytes / 1e6 / raw, "MB/s");
  report("store/write-ratio", written / raw, "ratio");
  report("store/read-first", bytes / 1e6 / (await seconds(readAll)), "MB/s");
  report("store/read-again", bytes / 1e6 / (await seconds(readAll)), "MB/s");
  const times: number[] = [];
  for (let day = days; day < days + appends; day++) times.push(await seconds(() => appendDay(day)));
  if (appends > 0) {
    await check(days + appends);
    times.sort((a, b) => a - b);
    report("store/append-day-median", times[times.length >> 1]!, "s");
    report("store/append-day-worst", times.at(-1)!, "s");
  }
  report("store/read-after-appends", bytes / 1e6 / (await seconds(readAll)), "MB/s");
  report("store/rss", process.resourceUsage().maxRSS / 1024, "MB");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
