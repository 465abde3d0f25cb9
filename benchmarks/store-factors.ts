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
import { LANES_PER_BLOCK } from "#data/store/panel-store";
import { factorSet } from "#factors/catalogue";
import { storeFactors } from "#pipelines/store-factors";
import { StoredMarket } from "./market/stored.ts";

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

const folder = mkdtempSync(join(options.folder, "bench-store-factors-"));
const store = openStore(
  join(folder, "store"),
  { calendar: "24x7", freq: "day" },
  { sessionsBetween: (start, end) => Int32Array.from({ length: end - start + 1 }, (_, row) => start + row) },
);

const market = new StoredMarket(store, { instruments });

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

const noise = Float32Array.from({ length: rectangle / 4 }, () => market.random());

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
  await market.write(0, days);
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
    if (round === 0) await market.check(set);
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
  await market.write(days, days + 1);
  const append = await taken(() => storeFactors(store, [set], { engine: "benchmark" }));
  report("store-factors/append-day", append.seconds, "s");
  report("store-factors/append-day-cpu", append.cpuSeconds, "s");
  await market.check(set);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
