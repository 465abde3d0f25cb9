/**
 * Loading precomputed factors against computing them on the fly, for one stock, 300 stocks and the whole market. The two
 * ways are compared bit by bit before anything is timed. Values are read from files that the system has in memory.
 *
 *   node benchmarks/read-features.ts [--instruments 640] [--days 1250] [--rounds 3] [--folder DIR] [--json] [--full]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openStore } from "#data/store/open-store";

import { factorSet } from "#factors/catalogue";
import { registryOf } from "#factors/registry";
import { FeatureReader } from "#pipelines/read-features/feature-reader";
import type { LoadedFeatures } from "#pipelines/read-features/feature-request";
import { storeFactors } from "#pipelines/store-factors";
import { StoredMarket } from "./market/stored.ts";

const { values: options } = parseArgs({
  options: {
    instruments: { type: "string", default: "640" },
    days: { type: "string", default: "1250" },
    rounds: { type: "string", default: "3" },
    folder: { type: "string", default: tmpdir() },
    json: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
  },
});
const instruments = options.full ? 5000 : Number(options.instruments);
const days = options.full ? 2500 : Number(options.days);
const rounds = Number(options.rounds);

/** What a strategy reads: prices and the usual indicators. */
const FIELDS = ["close", "volume"];
const INDICATORS = ["MA5", "MA20", "RSI14", "MACD", "ATR14", "OBV"];
const technical = factorSet("tech");
const known = new Set(technical.factors.map(({ name }) => name));
for (const name of INDICATORS) if (!known.has(name)) throw new Error(`no indicator ${name}`);
const sets = [
  factorSet("alpha158"),
  { ...technical, factors: technical.factors.filter(({ name }) => INDICATORS.includes(name)) },
];
const registry = registryOf(sets);
const ALPHA = sets[0]!.factors.map(({ name }) => `alpha158.${name}`);

const folder = mkdtempSync(join(options.folder, "bench-read-features-"));
const store = openStore(
  join(folder, "store"),
  { calendar: "24x7", freq: "day" },
  { sessionsBetween: (start, end) => Int32Array.from({ length: end - start + 1 }, (_, row) => start + row) },
);
const ids = Array.from({ length: instruments }, (_, index) => `I${String(index).padStart(5, "0")}`);

const market = new StoredMarket(store, { instruments });

interface Taken {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

async function taken(work: () => Promise<unknown>): Promise<Taken> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 };
}

/** Instruments that are loaded together, so that all 158 factors of a market fit into memory. */
const BATCH = 512;

/** Loads codes in batches as a consumer does that keeps none of them. */
async function loadAll(
  reader: FeatureReader,
  codes: readonly string[],
  wanted: readonly string[],
  use: (loaded: LoadedFeatures) => void = () => {},
): Promise<void> {
  for (let from = 0; from < codes.length; from += BATCH)
    use(
      await reader.load({ codes: codes.slice(from, from + BATCH), start: 0, end: days - 1, names: wanted }),
    );
}

const readerOf = (engine: string, cacheBytes = 0): FeatureReader =>
  new FeatureReader(store, { registry, engine, cacheBytes });

/** Both ways give the same bits and say which way they are. */
async function check(codes: readonly string[], wanted: readonly string[]): Promise<void> {
  const stored: LoadedFeatures[] = [];
  await loadAll(readerOf("benchmark"), codes, wanted, (loaded) => stored.push(loaded));
  await loadAll(readerOf("another"), codes, wanted, (computed) => {
    const read = stored.shift()!;
    for (const [name, { path }] of read.origins)
      if (path !== "precomputed" || computed.origins.get(name)?.path !== "computed")
        throw new Error(`${name} came another way`);
    for (const { name, values } of computed.factors.columns.values()) {
      const own = read.factors.columns.get(name)!.values;
      for (let cell = 0; cell < values.length; cell++)
        if (!Object.is(values[cell], own[cell]))
          throw new Error(`${name}: ${own[cell]}, not ${values[cell]}`);
    }
  });
}

function report(name: string, value: number, unit: string): void {
  const line = { name, value: Number(value.toPrecision(4)), unit, threads: 1 };
  console.log(options.json ? JSON.stringify(line) : `${name.padEnd(44)} ${line.value} ${unit}`);
}

async function best(work: () => Promise<unknown>): Promise<Taken> {
  const takes: Taken[] = [];
  for (let round = 0; round < rounds; round++) takes.push(await taken(work));
  return {
    seconds: Math.min(...takes.map(({ seconds }) => seconds)),
    cpuSeconds: Math.min(...takes.map(({ cpuSeconds }) => cpuSeconds)),
  };
}

try {
  if (!options.json)
    console.log(
      `${cpus()[0]?.model}: ${instruments} instruments × ${days} days, ${rounds} rounds, best of each`,
    );
  await market.write(0, days);
  await storeFactors(store, sets, { engine: "benchmark" });
  for (const [scope, codes] of [
    ["one", ids.slice(7, 8)],
    ["300", ids.filter((_, index) => index % Math.max(1, Math.floor(instruments / 300)) === 0).slice(0, 300)],
    ["market", ids],
  ] as const) {
    for (const [what, wanted] of [
      ["indicators", [...FIELDS, ...INDICATORS]],
      ["alpha158", ALPHA],
    ] as const) {
      await check(codes.slice(0, BATCH), wanted);
      const loading = await best(() => loadAll(readerOf("benchmark"), codes, wanted));
      const again = readerOf("benchmark", 2 ** 29);
      await loadAll(again, codes, wanted);
      const cached = await best(() => loadAll(again, codes, wanted));
      const fresh = await best(() => loadAll(readerOf("another"), codes, wanted));
      const warm = readerOf("another");
      await loadAll(warm, codes, wanted);
      const compiled = await best(() => loadAll(warm, codes, wanted));
      const name = `read-features/${scope}/${what}`;
      report(`${name}/load`, loading.seconds * 1000, "ms");
      report(`${name}/load-again`, cached.seconds * 1000, "ms");
      report(`${name}/compute`, fresh.seconds * 1000, "ms");
      report(`${name}/compute-again`, compiled.seconds * 1000, "ms");
      report(`${name}/gain`, fresh.seconds / loading.seconds, "ratio");
      report(`${name}/gain-cpu`, fresh.cpuSeconds / loading.cpuSeconds, "ratio");
      report(`${name}/gain-compiled`, compiled.seconds / loading.seconds, "ratio");
    }
  }
  report("read-features/rss", process.resourceUsage().maxRSS / 1024, "MB");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
