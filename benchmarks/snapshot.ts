/**
 * A snapshot of a stored market against writing the same bytes to one file: time, and memory of the process that exports.
 * A sample of the written values is compared with the store before anything is said.
 *
 *   node benchmarks/snapshot.ts [--instruments 800] [--days 1250] [--folder DIR] [--json] [--full]
 */
import { spawnSync } from "node:child_process";
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openStore, type OpenedStore } from "#data/store/open-store";
import { openFrame } from "#data/hdf5/open-frame";
import { factorSet } from "#factors/catalogue";
import { exportSnapshot } from "#pipelines/snapshot/export-snapshot";
import { StoreSnapshotSource } from "#pipelines/snapshot/store-snapshot-source";
import { storeFactors } from "#pipelines/store-factors";
import { StoredMarket } from "./market/stored.ts";

const { values: options } = parseArgs({
  options: {
    instruments: { type: "string", default: "800" },
    days: { type: "string", default: "1250" },
    folder: { type: "string", default: tmpdir() },
    json: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    /** The process that exports: a folder made before. */
    export: { type: "string" },
  },
});
const instruments = options.full ? 5000 : Number(options.instruments);
const days = options.full ? 2500 : Number(options.days);
/** Six of the market and 164 factors. */
const INDICATORS = ["MA5", "MA20", "RSI14", "MACD", "ATR14", "OBV"];
const technical = factorSet("tech");
const sets = [
  factorSet("alpha158"),
  { ...technical, factors: technical.factors.filter(({ name }) => INDICATORS.includes(name)) },
];

function storeIn(folder: string): OpenedStore {
  return openStore(
    join(folder, "store"),
    { calendar: "24x7", freq: "day" },
    {
      sessionsBetween: (start, end) => Int32Array.from({ length: end - start + 1 }, (_, row) => start + row),
    },
  );
}

interface Exported {
  readonly seconds: number;
  readonly rows: number;
  readonly columns: number;
  readonly timings: Readonly<Record<string, number>>;
  readonly rssMb: number;
}

async function exportIn(folder: string): Promise<Exported> {
  const started = performance.now();
  await using source = await StoreSnapshotSource.open(storeIn(folder));
  const { rows, columns, timings } = await exportSnapshot({
    root: join(folder, "snapshots"),
    id: "bench",
    source,
    request: { sets: sets.map(({ name }) => name) },
    ifExists: "overwrite",
    engine: "benchmark",
    now: () => 0,
  });
  const seconds = (performance.now() - started) / 1000;
  return { seconds, rows, columns, timings, rssMb: process.resourceUsage().maxRSS / 1024 };
}

/** As many bytes into one file, flushed. */
function writeRaw(file: string, bytes: number): number {
  const piece = new Uint8Array(8 << 20).map((_, at) => at * 31);
  const started = performance.now();
  const handle = openSync(file, "w");
  for (let done = 0; done < bytes; done += piece.length)
    writeSync(handle, piece, 0, Math.min(piece.length, bytes - done));
  fsyncSync(handle);
  closeSync(handle);
  const seconds = (performance.now() - started) / 1000;
  rmSync(file);
  return seconds;
}

/** Values of some rows against the store's panels. */
async function check(folder: string, rows: number): Promise<void> {
  await using snapshot = await storeIn(folder).snapshot();
  using frame = await openFrame(join(folder, "snapshots", "bench", "daily_pv.h5"));
  if (frame.rows !== rows) throw new Error(`${frame.rows} rows`);
  const names = ["KMID", "MA5", "STD20"].map((name) =>
    frame.columns.some((column) => column.name === name) ? name : `alpha158.${name}`,
  );
  for (const day of [3, Math.floor(days / 2), days - 1]) {
    const span = { from: day, to: day + 1 };
    const panel = await snapshot.readPanel({
      set: "alpha158",
      role: "factor",
      fields: names.map((name) => name.replace("alpha158.", "")),
      rows: span,
    });
    const at = new Map(panel.instruments.map((id, lane) => [id, lane]));
    const time = snapshot.time.days[day]! * 86_400_000;
    for await (const batch of frame.batches({ from: time, to: time, columns: names })) {
      for (const [index, name] of names.entries()) {
        const stored = panel.columns.get(name.replace("alpha158.", ""))!.values;
        for (let row = 0; row < batch.keys.length; row++) {
          const expected = stored[at.get(frame.keys[batch.keys[row]!]!)!]!;
          const found = batch.values[index]![row];
          if (!Object.is(found, expected)) throw new Error(`${name}: ${String(found)}, not ${expected}`);
        }
      }
    }
  }
}

function report(name: string, value: number, unit: string): void {
  const line = { name, value: Number(value.toPrecision(4)), unit, threads: 1 };
  console.log(options.json ? JSON.stringify(line) : `${name.padEnd(44)} ${line.value} ${unit}`);
}

if (options.export !== undefined) {
  console.log(JSON.stringify(await exportIn(options.export)));
} else {
  const folder = mkdtempSync(join(options.folder, "bench-snapshot-"));
  try {
    if (!options.json)
      console.log(`${cpus()[0]?.model}: ${instruments} instruments × ${days} days × 170 columns`);
    await new StoredMarket(storeIn(folder), { instruments }).write(0, days);
    await storeFactors(storeIn(folder), sets, { engine: "benchmark" });
    const child = spawnSync(process.execPath, [import.meta.filename, "--export", folder], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (child.status !== 0) throw new Error(`the export ended with ${child.status}`);
    const exported = JSON.parse(child.stdout) as Exported;
    await check(folder, exported.rows);
    const { size } = statSync(join(folder, "snapshots", "bench", "daily_pv.h5"));
    rmSync(join(folder, "snapshots"), { recursive: true });
    const raw = writeRaw(join(folder, "raw"), size);
    report("snapshot/export", exported.seconds, "s");
    for (const [stage, ms] of Object.entries(exported.timings)) report(`snapshot/${stage}`, ms / 1000, "s");
    report("snapshot/raw", raw, "s");
    report("snapshot/raw-ratio", exported.seconds / raw, "ratio");
    report("snapshot/bytes", size / 2 ** 20, "MB");
    report("snapshot/rss", exported.rssMb, "MB");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
