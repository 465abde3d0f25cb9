/**
 * Alpha158 of a market computed into its store, against writing as many bytes to one file with fdatasync on the same disk.
 * Stored values are compared with computed ones, bit by bit, before anything is told; then one day is appended.
 *
 *   node benchmarks/store-factors.ts [--instruments 640] [--days 1250] [--rounds 5] [--folder DIR] [--json] [--full]
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openStore } from "#data/store/open-store";
import { LANES_PER_BLOCK, type FieldSet } from "#data/store/panel-store";
import { evaluateExpressions } from "#expression/run/evaluate";
import { factorSet } from "#factors/catalogue";
import { storeFactors } from "#pipelines/store-factors";
import { viewOfStore } from "#pipelines/market-view";

const { values: options } = parseArgs({
  options: {
    instruments: { type: "string", default: "640" },
    days: { type: "string", default: "1250" },
    rounds: { type: "string" },
    folder: { type: "string", default: tmpdir() },
    json: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
  },
});
const instruments = options.full ? 5000 : Number(options.instruments);
const days = options.full ? 2500 : Number(options.days);
const rounds = Number(options.rounds ?? (options.full ? 3 : 5));
const set = factorSet("alpha158");
const blocks = Math.ceil(instruments / LANES_PER_BLOCK);
const rectangle = days * LANES_PER_BLOCK * set.factors.length * 4;
const bytes = blocks * rectangle;

const names = ["open", "high", "low", "close", "volume", "amount", "factor"] as const;
const bars: FieldSet = {
  name: "bars",
  role: "market",
  fields: names.map((name) => ({
    name,
    dtype: "f64",
    unit: "1",
    lineage: { from: "benchmark", engine: "0", inputGeneration: 0 },
  })),
};

let state = 20_240_601;
function random(): number {
  state = (Math.imul(state ^ (state >>> 15), state | 1) + 0x6d2b79f5) | 0;
  return ((state ^ (state >>> 14)) >>> 0) / 2 ** 32;
}

const folder = mkdtempSync(join(options.folder, "bench-store-factors-"));
const store = openStore(
  join(folder, "store"),
  { calendar: "24x7", freq: "day" },
  { sessionsBetween: (start, end) => Int32Array.from({ length: end - start + 1 }, (_, row) => start + row) },
);

/** Random walks, some listed later, in rows `[from, to)`. */
async function writeBars(from: number, to: number): Promise<void> {
  await using writer = await store.writer();
  writer.cover(0, to - 1);
  const ids = Array.from({ length: instruments }, (_, index) => `I${String(index).padStart(5, "0")}`);
  writer.addInstruments(ids);
  const columns = names.map((name) => ({ name, values: new Float64Array((to - from) * LANES_PER_BLOCK) }));
  for (let block = 0; block < blocks; block++) {
    const prices = Array.from({ length: LANES_PER_BLOCK }, () => 10 + 20 * random());
    for (let cell = 0; cell < (to - from) * LANES_PER_BLOCK; cell++) {
      const lane = cell % LANES_PER_BLOCK;
      const price = (prices[lane]! *= 1 + (random() - 0.5) * 0.04);
      const spread = price * 0.01 * random();
      const volume = Math.floor(1e6 * random()) + 100;
      const bar = [price - spread / 2, price + spread, price - spread, price, volume, volume * price, 1];
      for (const [field, { values }] of columns.entries()) values[cell] = bar[field]!;
    }
    await writer.put(bars, block, from, columns);
  }
  for (const [index, id] of ids.entries()) writer.setSpan(id, index % 10 === 9 ? index % 300 : 0, to - 1);
  await writer.commit({ reason: "bars" });
}

/** Stored values of three blocks against the evaluation of their instruments. */
async function check(): Promise<void> {
  await using snapshot = await store.snapshot();
  const view = viewOfStore(snapshot);
  for (const block of new Set([0, blocks >> 1, blocks - 1])) {
    const ids = snapshot.instruments.filter((each) => each.block === block).map(({ id }) => id);
    const panel = await view.panel(ids);
    const stored = await snapshot.readBlock(
      set.name,
      block,
      set.factors.map(({ name }) => name),
    );
    for (const { name, values } of evaluateExpressions(set.factors, panel)) {
      const kept = stored.get(name)!;
      for (let cell = 0; cell < values.length; cell++) {
        const [row, lane] = [Math.floor(cell / ids.length), cell % ids.length];
        const value = kept[row * LANES_PER_BLOCK + lane]!;
        if (!Object.is(value, values[cell]))
          throw new Error(
            `${name} of block ${block}, row ${row}, lane ${lane}: ${value}, not ${values[cell]}`,
          );
      }
    }
  }
}

interface Taken {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

async function taken(work: () => unknown): Promise<Taken> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 };
}

const noise = Float32Array.from({ length: rectangle / 4 }, () => random());

function writeRaw(): void {
  const path = join(folder, "raw");
  const file = openSync(path, "w");
  const part = new Uint8Array(noise.buffer);
  for (let block = 0; block < blocks; block++) {
    for (let done = 0; done < part.length;) done += writeSync(file, part, done, part.length - done);
  }
  fdatasyncSync(file);
  closeSync(file);
}

const dropFactors = async (): Promise<void> => {
  await using writer = await store.writer();
  writer.drop(set.name);
  await writer.commit({ reason: "drop" });
};

function report(
  name: string,
  value: number,
  unit: string,
  more: Readonly<Record<string, number>> = {},
): void {
  const line = { name, value: Number(value.toPrecision(4)), unit, ...more, threads: 1 };
  console.log(options.json ? JSON.stringify(line) : `${name.padEnd(28)} ${line.value} ${unit}`);
}

const minimum = (takes: readonly Taken[], of: (take: Taken) => number = ({ seconds }) => seconds): number =>
  Math.min(...takes.map(of));

try {
  if (!options.json) {
    console.log(
      `${cpus()[0]?.model}: ${instruments} instruments × ${days} days × ${set.factors.length} float32, ${bytes / 1e6} MB`,
    );
  }
  await writeBars(0, days);
  const raws: Taken[] = [];
  const stores: Taken[] = [];
  for (let round = 0; round < rounds; round++) {
    raws.push(await taken(writeRaw));
    rmSync(join(folder, "raw"));
    if (round > 0) {
      for (let pass = 0; pass < 4; pass++) await dropFactors();
      await store.collect();
    }
    stores.push(await taken(() => storeFactors(store, [set], { engine: "benchmark" })));
    if (round === 0) await check();
    if (!options.json)
      console.log(
        `round ${round + 1}: raw ${raws.at(-1)!.seconds.toFixed(2)} s, stored ${stores.at(-1)!.seconds.toFixed(2)} s`,
      );
  }
  const ratios = stores.map(({ seconds }, round) => seconds / raws[round]!.seconds).sort((a, b) => a - b);
  report("store-factors/seconds", minimum(stores), "s");
  report(
    "store-factors/cpu",
    minimum(stores, ({ cpuSeconds }) => cpuSeconds),
    "s",
  );
  report("store-factors/raw-seconds", minimum(raws), "s");
  report(
    "store-factors/raw-cpu",
    minimum(raws, ({ cpuSeconds }) => cpuSeconds),
    "s",
  );
  report("store/raw-ratio", minimum(stores) / minimum(raws), "ratio", {
    median: Number(ratios[ratios.length >> 1]!.toPrecision(4)),
  });
  report("store-factors/rss", process.resourceUsage().maxRSS / 1024, "MB");
  await writeBars(days, days + 1);
  const append = await taken(() => storeFactors(store, [set], { engine: "benchmark" }));
  report("store-factors/append-day", append.seconds, "s");
  report("store-factors/append-day-cpu", append.cpuSeconds, "s");
  await check();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
