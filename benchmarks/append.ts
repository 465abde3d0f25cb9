/**
 * One new day for the whole market: Alpha158 computed from the look-back, against the last row of a run over all days; and
 * the same fed as a stream. Bits are compared before anything is timed.
 *   node benchmarks/append.ts [--json] [--full]
 */
import { cpus } from "node:os";
import { buildGraph } from "#expression/ir/build";
import { planBlocks } from "#expression/plan/block-plan";
import { BlockEngine, type BlockData } from "#expression/run/block-engine";
import { compileBlocks } from "#expression/run/block-program";
import { StreamingFactors } from "#expression/run/streaming-factors";
import { factorSet } from "#factors/catalogue";

const json = process.argv.includes("--json");
const full = process.argv.includes("--full");
const instruments = 5_000;
const days = 150;
const repeats = full ? 25 : 9;
/** Instruments of one block: few enough that a block's rows stay in the second-level cache. */
const LANES = 32;

const FIELDS = ["open", "high", "low", "close", "vwap", "volume"] as const;

/** A seeded random walk with volume; `missing` of the instruments have halts. */
function market(missing: number): ReadonlyMap<string, Float32Array> {
  let state = 20_240_601;
  const random = (): number => {
    state = (Math.imul(state ^ (state >>> 15), state | 1) + 0x6d2b79f5) | 0;
    return ((state ^ (state >>> 14)) >>> 0) / 2 ** 32;
  };
  const columns = new Map(FIELDS.map((name) => [name as string, new Float32Array(days * instruments)]));
  for (let lane = 0; lane < instruments; lane++) {
    const halts = random() < missing;
    let price = 10 + 20 * random();
    for (let row = 0; row < days; row++) {
      price *= 1 + (random() - 0.5) * 0.04;
      const spread = price * 0.01 * random();
      const isHalted = halts && random() < 0.1;
      const bar = [
        price - spread / 2,
        price + spread,
        price - spread,
        price,
        price,
        Math.floor(1e6 * random()) + 100,
      ];
      for (const [field, name] of FIELDS.entries())
        columns.get(name)![row * instruments + lane] = isHalted ? Number.NaN : bar[field]!;
    }
  }
  return columns;
}

const { factors } = factorSet("alpha158");
const graph = buildGraph(
  factors.map(({ name, expression, float32 = false }) => ({
    name,
    expression,
    ...(float32 ? { float32 } : {}),
  })),
);
const plan = planBlocks(graph, { precision: "f32" });
const started = performance.now();
const whole = new BlockEngine(compileBlocks(plan, { rows: days, lanes: LANES }));
const { lookBack } = whole;
const short = new BlockEngine(compileBlocks(plan, { rows: lookBack + 1, lanes: LANES, results: 1 }));
const compiled = performance.now() - started;

function block(
  columns: ReadonlyMap<string, Float32Array>,
  start: number,
  of: { from: number; rows: number },
): BlockData {
  const count = Math.min(LANES, instruments - start);
  const names = new Map(plan.fields.map(({ node, name }) => [node, columns.get(name)!]));
  return {
    instruments: count,
    first: new Int32Array(count).fill(-of.from),
    last: new Int32Array(count).fill(of.rows - 1),
    column: (node) => ({
      values: names.get(node)!,
      stride: instruments,
      offset: of.from * instruments + start,
    }),
  };
}

/** The last day of all instruments. */
function append(columns: ReadonlyMap<string, Float32Array>, target: Float32Array): void {
  for (let start = 0; start < instruments; start += LANES) {
    const data = block(columns, start, { from: days - lookBack - 1, rows: lookBack + 1 });
    short.run(data, { from: lookBack });
    for (let output = 0; output < factors.length; output++) {
      const values = short.output(output);
      for (let lane = 0; lane < data.instruments; lane++)
        target[output * instruments + start + lane] = values[lane]!;
    }
  }
}

function check(columns: ReadonlyMap<string, Float32Array>, target: Float32Array): void {
  for (let start = 0; start < instruments; start += LANES) {
    whole.run(block(columns, start, { from: 0, rows: days }));
    for (const [output, { name }] of factors.entries()) {
      const values = whole.output(output);
      for (let lane = 0; lane < Math.min(LANES, instruments - start); lane++) {
        const [found, expected] = [
          target[output * instruments + start + lane]!,
          values[(days - 1) * LANES + lane]!,
        ];
        if (!Object.is(found, expected))
          throw new Error(`${name} of instrument ${start + lane} is ${found}, in the full run ${expected}`);
      }
    }
  }
}

function report(name: string, micros: number[], unit = "ms"): void {
  micros.sort((a, b) => a - b);
  const shown = (value: number): number => Number((value / 1000).toPrecision(4));
  const value = shown(micros[0]!);
  const median = shown(micros[micros.length >> 1]!);
  if (json) console.log(JSON.stringify({ name, value, median, unit, threads: 1 }));
  else console.log(`${name}: ${value} ${unit} (median ${median}) on ${cpus()[0]?.model ?? "unknown"}`);
}

function timed(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

report("append/compile", [compiled * 1000]);
const target = new Float32Array(factors.length * instruments);
for (const [name, missing] of [
  ["append/5000", 0],
  ["append/5000/nan5", 0.05],
] as const) {
  const columns = market(missing);
  append(columns, target);
  check(columns, target);
  report(
    name,
    Array.from({ length: repeats }, () => timed(() => append(columns, target))),
  );
}

const columns = market(0.05);
const stream = new StreamingFactors(graph, {
  instruments: Array.from({ length: instruments }, (_, lane) => `I${lane}`),
});
const rowTimes: number[] = [];
let last: readonly (Float32Array | Float64Array)[] = [];
for (let row = 0; row < days; row++) {
  const fields = Object.fromEntries(
    [...columns].map(([name, values]) => [name, values.subarray(row * instruments, (row + 1) * instruments)]),
  );
  const micros = timed(() => {
    last = stream.push({ day: row, fields });
  });
  if (row >= days - repeats) rowTimes.push(micros);
}
append(columns, target);
for (const [output, values] of last.entries()) {
  const batch = target.subarray(output * instruments, (output + 1) * instruments);
  if (values.some((value, lane) => !Object.is(value, batch[lane])))
    throw new Error(`${factors[output]!.name} of the stream differs from the batch`);
}
report("stream/5000", rowTimes);
