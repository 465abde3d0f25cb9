/**
 * Alpha158 of a whole market on one thread and on several, every block handed to a consumer that reads it: wall-clock
 * time, CPU time per instrument-day, and the most memory the process has taken, inputs included. The bytes are compared
 * before anything is timed.
 *   node benchmarks/threads.ts [--json] [--full] [--threads=N]
 */
import { cpus } from "node:os";
import { buildGraph } from "#expression/ir/build";
import type { Graph } from "#expression/ir/node";
import { factorSet } from "#factors/catalogue";
import type { Panel } from "#panel/panel";
import { blockThreads } from "#pipelines/parallel/block-threads";
import { evaluateBlocks } from "#pipelines/parallel/evaluate-blocks";
import type { WorkerPool } from "#workers/worker-pool";
import { syntheticMarket } from "./market/synthetic.ts";

const json = process.argv.includes("--json");
const full = process.argv.includes("--full");
const several = Number(/^--threads=(\d+)$/m.exec(process.argv.join("\n"))?.[1] ?? 2);
const repeats = 3;

/** Consumes every block; `look` says what is done with the values of one. */
async function consume(
  graph: Graph,
  market: Panel,
  by: { readonly parallel: WorkerPool | null; readonly look: (values: Float32Array | Float64Array) => void },
): Promise<void> {
  const options = by.parallel === null ? {} : { parallel: by.parallel };
  for await (const { columns } of evaluateBlocks(graph, market, options)) {
    for (const { values } of columns) by.look(values);
  }
}

/** FNV-1a over all bits, block after block. */
async function digest(graph: Graph, market: Panel, parallel: WorkerPool | null): Promise<number> {
  let hash = 0x811c9dc5;
  await consume(graph, market, {
    parallel,
    look: (values) => {
      for (const word of new Int32Array(values.buffer, values.byteOffset, values.length))
        hash = Math.imul(hash ^ word, 0x01000193);
    },
  });
  return hash >>> 0;
}

interface Timing {
  readonly wallMs: number;
  readonly cpuMs: number;
}

async function timed(graph: Graph, market: Panel, parallel: WorkerPool | null): Promise<Timing> {
  let sum = 0;
  const cpu = process.cpuUsage();
  const started = performance.now();
  await consume(graph, market, { parallel, look: (values) => (sum += values.at(-1)!) });
  const wallMs = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  if (Number.isNaN(sum)) throw new Error("the last day of a column is missing");
  return { wallMs, cpuMs: (user + system) / 1000 };
}

const days = 2_500;
const instruments = full ? 5_000 : 256;
const market = syntheticMarket({ instruments, days, gaps: 0, shared: true });
const rows = instruments * days;
const graph = buildGraph(factorSet("alpha158").factors);
const small = syntheticMarket({ instruments: 77, days: 200, gaps: 0.1, shared: true });
await using pool = blockThreads(several);
const [one, more] = [await digest(graph, small, null), await digest(graph, small, pool)];
if (one !== more) throw new Error(`${several} threads give other bytes: ${more} for ${one}`);

const best: Timing[] = [];
for (const parallel of [null, pool]) {
  const timings: Timing[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) timings.push(await timed(graph, market, parallel));
  const least = (of: (timing: Timing) => number): number => Math.min(...timings.map(of));
  best.push({ wallMs: least(({ wallMs }) => wallMs), cpuMs: least(({ cpuMs }) => cpuMs) });
}
const [single, parallel] = best as [Timing, Timing];
const perRow = (milliseconds: number): number => (milliseconds * 1000) / rows;
const figures: readonly (readonly [name: string, value: number, unit: string, threads: number])[] = [
  ["alpha158/f32x4/handed-over", perRow(single.cpuMs), "us/row", 1],
  ["alpha158/f32x4/handed-over", perRow(parallel.cpuMs), "us/row", several],
  ["alpha158/f32x4/wall", single.wallMs / 1000, "s", 1],
  ["alpha158/f32x4/wall", parallel.wallMs / 1000, "s", several],
  ["threads/wall-ratio", single.wallMs / parallel.wallMs, "ratio", several],
  ["threads/peak-rss", process.resourceUsage().maxRSS / 1024, "MB", several],
];
for (const [name, value, unit, threads] of figures) {
  const rounded = Number(value.toPrecision(3));
  if (json) console.log(JSON.stringify({ name, value: rounded, unit, threads, instruments, days }));
  else {
    console.log(
      `${name}: ${rounded} ${unit}, ${threads} threads, ${instruments} × ${days} on ${cpus()[0]?.model ?? "unknown"}`,
    );
  }
}
