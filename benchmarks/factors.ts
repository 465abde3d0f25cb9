/**
 * Factor sets on one thread: CPU time per instrument-day, from a market panel to results handed over chunk by chunk; the
 * same with the results of a block kept in memory; from text to the first block, compiled and from a kept program; and the reference backend. Results are checked against the reference before anything is timed.
 *   node benchmarks/factors.ts [--json] [--full]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { buildGraph } from "#expression/ir/build";
import type { Graph } from "#expression/ir/node";
import { planBlocks } from "#expression/plan/block-plan";
import { BlockEngine } from "#expression/run/block-engine";
import type { BlockData, Rows } from "#expression/run/block-memory";
import { CHUNK_ROWS, compileBlocks } from "#expression/run/block-program";
import { evaluateExpressions } from "#expression/run/evaluate";
import { fieldColumns } from "#expression/run/fields";
import { blockProgram } from "#expression/run/program-cache";
import { factorSet } from "#factors/catalogue";
import type { Panel } from "#panel/panel";
import { ProgramFolder } from "#pipelines/parallel/program-folder";
import { syntheticMarket } from "./market/synthetic.ts";

const json = process.argv.includes("--json");
const full = process.argv.includes("--full");
const LANES = 32;
const DAYS = 2_500;

function graphOf(sets: readonly string[]): Graph {
  return buildGraph(
    sets.flatMap((name) =>
      factorSet(name).factors.map((factor) => ({
        name: `${name}.${factor.name}`,
        expression: factor.expression,
        float32: factor.float32 === true,
      })),
    ),
  );
}

function print(line: {
  readonly name: string;
  readonly value: number;
  readonly median: number;
  readonly unit: string;
}): void {
  const rounded = { ...line, value: round(line.value), median: round(line.median) };
  if (json) console.log(JSON.stringify({ ...rounded, threads: 1 }));
  else {
    const { name, value, median, unit } = rounded;
    console.log(`${name}: ${value} ${unit} (median ${median}) on ${cpus()[0]?.model ?? "unknown"}`);
  }
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

function cpuMicros(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function blocksOf(engine: BlockEngine, market: Panel<"market">): BlockData[] {
  const { graph } = engine.program.plan;
  const columns = fieldColumns(market);
  const stride = market.instruments.length;
  return Array.from({ length: stride / LANES }, (_, block) => ({
    instruments: LANES,
    first: market.first.subarray(block * LANES, (block + 1) * LANES),
    last: market.last.subarray(block * LANES, (block + 1) * LANES),
    column(node) {
      const field = graph.nodes[node]!;
      if (field.kind !== "field") throw new Error("a benchmark's graph reads its own fields only");
      return { values: columns.get(field.name)!, stride, offset: block * LANES };
    },
  }));
}

/** The first instruments of the first block against the reference backend, with the goldens' tolerances of float32 lanes. */
function check(graph: Graph, engine: BlockEngine, market: Panel<"market">): void {
  const few = 4;
  const columns = [...market.columns.values()].map(({ name, values }) => ({
    name,
    values: Float32Array.from(
      { length: DAYS * few },
      (_, at) => values[Math.floor(at / few) * market.instruments.length + (at % few)]!,
    ),
  }));
  const part = {
    ...market,
    instruments: market.instruments.slice(0, few),
    first: market.first.slice(0, few),
    last: market.last.slice(0, few),
    columns: new Map(columns.map((column) => [column.name, column])),
  };
  engine.run(blocksOf(engine, market)[0]!);
  for (const [index, { name, values }] of evaluateExpressions(graph, part, { backend: "js" }).entries()) {
    const block = engine.output(index);
    const tolerance = /CORR|CORD|WVMA|RSQ|SKEW|KURT/.test(name) ? 1e-4 : 1e-5;
    for (const [at, wanted] of values.entries()) {
      const found = block[Math.floor(at / few) * LANES + (at % few)]!;
      const same =
        Object.is(found, wanted) || Math.abs(found - wanted) <= tolerance + tolerance * Math.abs(wanted);
      if (!same) throw new Error(`${name} at ${at}: ${found}, the reference has ${wanted}`);
    }
  }
}

function measure(
  name: string,
  sets: readonly string[],
  how: { readonly lanes: "mixed" | "float64"; readonly gaps: number },
): void {
  const market = syntheticMarket({ instruments: full ? 256 : 64, days: DAYS, gaps: how.gaps });
  const graph = graphOf(sets);
  const plan = planBlocks(graph, { precision: "f32", lanes: how.lanes });
  const kept = new BlockEngine(compileBlocks(plan, { rows: DAYS, lanes: LANES }));
  check(graph, kept, market);
  const chunked = new BlockEngine(compileBlocks(plan, { rows: DAYS, lanes: LANES, results: CHUNK_ROWS }));
  checkChunks(chunked, kept, blocksOf(kept, market)[0]!);
  let handed = 0;
  const consume = ({ from, to }: Rows): void => {
    handed += to - from;
  };
  for (const [suffix, engine, options] of [
    ["", chunked, { consume }],
    ["/kept", kept, {}],
  ] as const) {
    const blocks = blocksOf(engine, market);
    const best = new Float64Array(blocks.length).fill(Number.POSITIVE_INFINITY);
    const totals = Array.from({ length: full ? 40 : 15 }, () => {
      const micros = blocks.map((block) => cpuMicros(() => engine.run(block, options)));
      for (const [index, value] of micros.entries()) best[index] = Math.min(best[index]!, value);
      return micros.reduce((sum, value) => sum + value, 0);
    }).sort((a, b) => a - b);
    const rows = market.instruments.length * DAYS;
    const value = best.reduce((sum, each) => sum + each, 0) / rows;
    print({ name: `${name}${suffix}`, value, median: totals[totals.length >> 1]! / rows, unit: "us/row" });
  }
  if (handed % DAYS !== 0 || handed === 0) throw new Error(`${name}: ${handed} rows were handed over`);
}

/** What is handed over chunk by chunk is what a whole run keeps, bit for bit. */
function checkChunks(chunked: BlockEngine, kept: BlockEngine, block: BlockData): void {
  kept.run(block);
  chunked.run(block, {
    consume({ from, to }) {
      for (const [index, { name }] of kept.program.plan.graph.outputs.entries()) {
        const whole = kept.output(index).subarray(from * LANES, to * LANES);
        for (const [at, value] of chunked.output(index).entries())
          if (!Object.is(value, whole[at])) throw new Error(`${name} differs in the chunk of row ${from}`);
      }
    },
  });
}

function measureReference(): void {
  const market = syntheticMarket({ instruments: full ? 32 : 8, days: 500, gaps: 0 });
  const graph = graphOf(["alpha158"]);
  const rows = market.instruments.length * 500;
  const micros = Array.from(
    { length: 3 },
    () => cpuMicros(() => evaluateExpressions(graph, market, { backend: "js" })) / rows,
  ).sort((a, b) => a - b);
  print({ name: "alpha158/js/clean", value: micros[0]!, median: micros[1]!, unit: "us/row" });
}

/**
 * In a fresh process: parse, rewrite, plan, encode, compile, instantiate, and four instruments × 250 days computed. With a
 * folder, what an earlier process planned and encoded is read from there.
 */
function start(folder: string | undefined): number {
  const factors = factorSet("alpha158").factors.map(({ name, expression }) => ({
    name,
    expression,
    float32: true,
  }));
  const values = new Float32Array(250 * 4).fill(3);
  return (
    cpuMicros(() => {
      const program = blockProgram(buildGraph(factors), {
        precision: "f32",
        shape: { rows: 250, lanes: 4 },
        ...(folder === undefined ? {} : { programs: new ProgramFolder(folder) }),
      });
      const engine = new BlockEngine(program);
      engine.run({
        instruments: 4,
        first: [0, 0, 0, 0],
        last: [249, 249, 249, 249],
        column: () => ({ values, stride: 4, offset: 0 }),
      });
    }) / 1000
  );
}

function measureStart(name: string, folder: readonly string[]): void {
  const starts = Array.from({ length: full ? 9 : 3 }, () => {
    const child = spawnSync(process.execPath, [import.meta.filename, "--start", ...folder], {
      encoding: "utf8",
    });
    if (child.status !== 0) throw new Error(child.stderr);
    return Number(child.stdout);
  }).sort((a, b) => a - b);
  print({ name, value: starts[0]!, median: starts[starts.length >> 1]!, unit: "ms" });
}

const asked = process.argv.indexOf("--start");
if (asked >= 0) {
  console.log(start(process.argv[asked + 1]));
} else {
  measure("alpha158/f32x4/clean", ["alpha158"], { lanes: "mixed", gaps: 0 });
  measure("alpha158/f32x4/nan5", ["alpha158"], { lanes: "mixed", gaps: 0.05 });
  measure("alpha158/f64x2/clean", ["alpha158"], { lanes: "float64", gaps: 0 });
  measure("alpha360/f32x4/clean", ["alpha360"], { lanes: "mixed", gaps: 0 });
  measure("tech+fund+base/mixed/clean", ["tech", "fund", "base"], { lanes: "mixed", gaps: 0 });
  measureReference();
  measureStart("start/alpha158", []);
  const folder = mkdtempSync(join(tmpdir(), "programs-"));
  try {
    if (spawnSync(process.execPath, [import.meta.filename, "--start", folder]).status !== 0)
      throw new Error("the program was not kept");
    measureStart("start/alpha158/kept", [folder]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
