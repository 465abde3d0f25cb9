/**
 * The default factor sets of a market as `alphaloom precompute run` computes them: a process of its own with its database,
 * jobs and threads, from start to end, against writing as many bytes to one file with fdatasync on the same disk. Then
 * days are appended one by one; the processes of some of them are timed. Stored values are compared with computed ones,
 * bit by bit, before anything is told.
 *
 *   node benchmarks/precompute.ts [--instruments 320] [--days 750] [--appends 2] [--folder DIR] [--json] [--full]
 */
import { spawn } from "node:child_process";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { factorSet } from "#factors/catalogue";
import { DEFAULT_SETS } from "#pipelines/precompute/order";
import { storeFactors } from "#pipelines/store-factors";
import { storeOf, workspaceAt } from "#pipelines/workspace";
import packageJson from "../package.json" with { type: "json" };
import { StoredMarket } from "./market/stored.ts";

const { values: options } = parseArgs({
  options: {
    instruments: { type: "string" },
    days: { type: "string" },
    appends: { type: "string" },
    folder: { type: "string", default: tmpdir() },
    json: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
  },
});
const instruments = Number(options.instruments ?? (options.full ? 5000 : 320));
const days = Number(options.days ?? (options.full ? 2500 : 750));
const appends = Number(options.appends ?? (options.full ? 256 : 2));
/** Appended days whose processes are timed. */
const timed = new Set([1, 2, 32, 256].filter((day) => day <= appends));
const sets = DEFAULT_SETS.map((name) => factorSet(name));

const workspace = mkdtempSync(join(options.folder, "bench-precompute-"));
const store = storeOf(workspaceAt(workspace), { calendar: "24x7", freq: "day" });
const market = new StoredMarket(store, { instruments, firstDay: 15_000 });

interface Taken {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

/** Runs the command line and reads its peak memory and CPU time from the system while it lives. */
async function commandLine(...argv: readonly string[]): Promise<Taken> {
  const main = join(import.meta.dirname, "..", "src", "cli", "main.ts");
  const compiled = join(import.meta.dirname, "..", "node_modules", ".cache", "compiled");
  const start = performance.now();
  const child = spawn(process.execPath, [main, ...argv, "--workspace", workspace, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  });
  let said = "";
  child.stdout.on("data", (data: Buffer) => (said += String(data)));
  child.stderr.on("data", (data: Buffer) => (said += String(data)));
  let [peakMegabytes, cpuSeconds] = [0, 0];
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peakMegabytes = Math.max(peakMegabytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
      const ticks = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
      cpuSeconds = (Number(ticks[11]) + Number(ticks[12])) / 100;
    } catch (error) {
      // The process ended between two looks, or this system has no /proc.
      if (!(error instanceof Error && "code" in error)) throw error;
    }
  }, 20);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}: ${said}`);
  return { seconds: (performance.now() - start) / 1000, cpuSeconds, peakMegabytes };
}

/** Bytes of the factor sets' files, states of recurrences among them. */
async function factorBytes(): Promise<number> {
  const { segments } = await store.manifestOf((await store.generations())[0]!.generation);
  return segments.filter((entry) => entry.set !== "bars").reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Seconds of writing so many bytes to one file and making them durable. */
function writeRaw(bytes: number): number {
  const part = Uint8Array.from({ length: 2 ** 24 }, () => Math.floor(256 * market.random()));
  const path = join(workspace, "raw");
  const start = performance.now();
  const file = openSync(path, "w");
  for (let left = bytes; left > 0;) left -= writeSync(file, part, 0, Math.min(part.length, left));
  fdatasyncSync(file);
  closeSync(file);
  const seconds = (performance.now() - start) / 1000;
  rmSync(path);
  return seconds;
}

function report(name: string, value: number, unit: string): void {
  const line = { name, value: Number(value.toPrecision(4)), unit, threads: Math.min(cpus().length, 8) };
  console.log(options.json ? JSON.stringify(line) : `${name.padEnd(32)} ${line.value} ${unit}`);
}

try {
  await market.write(0, days);
  // Makes the empty database that later starts copy, and fills the cache of compiled code.
  await commandLine("jobs", "list");
  const whole = await commandLine("precompute", "run", "--no-validate");
  for (const set of sets) await market.check(set);
  const bytes = await factorBytes();
  const raw = writeRaw(bytes);
  const factors = sets.reduce((sum, set) => sum + set.factors.length, 0);
  if (!options.json)
    console.log(
      `${cpus()[0]?.model}: ${instruments} instruments × ${days} days × ${factors} factors, ${Math.round(bytes / 1e6)} MB`,
    );
  report("precompute/seconds", whole.seconds, "s");
  report("precompute/cpu", whole.cpuSeconds, "s");
  report("precompute/raw-seconds", raw, "s");
  report("precompute/raw-ratio", whole.seconds / raw, "ratio");
  report("precompute/rss", whole.peakMegabytes, "MB");
  const nothing = await commandLine("precompute", "update");
  report("precompute/no-change", nothing.seconds, "s");
  report("precompute/no-change-cpu", nothing.cpuSeconds, "s");
  for (let day = 1; day <= appends; day++) {
    await market.write(days + day - 1, days + day);
    if (!timed.has(day)) {
      await storeFactors(store, sets, { engine: packageJson.version });
      continue;
    }
    const update = await commandLine("precompute", "run", "--no-validate");
    for (const set of sets) await market.check(set);
    report(`precompute/day-${day}`, update.seconds, "s");
    report(`precompute/day-${day}-cpu`, update.cpuSeconds, "s");
  }
} finally {
  rmSync(workspace, { recursive: true, force: true });
}
