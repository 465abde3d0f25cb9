import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { buildGraph } from "#expression/ir/build";
import type { Graph } from "#expression/ir/node";
import { planBlocks } from "#expression/plan/block-plan";
import { BlockEngine } from "#expression/run/block-engine";
import { compileBlocks, type BlockProgram } from "#expression/run/block-program";
import {
  blockProgram,
  programKey,
  type CachedProgram,
  type ProgramCache,
} from "#expression/run/program-cache";
import { factorSet } from "#factors/catalogue";
import { compilerVersion, sourceDigest } from "./compiler-version.ts";
import { ProgramFolder } from "./program-folder.ts";

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "programs-"));
  folders.push(folder);
  return folder;
}

const shape = { rows: 150, lanes: 8 };

function graphOf(expressions: readonly string[]): Graph {
  return buildGraph(expressions.map((expression) => ({ name: expression, expression, float32: true })));
}

const few = [
  "Mean($close, 20)/$close",
  "Corr($close, Log($volume+1), 10)",
  "EMA($close, 12)",
  "Rank($low, 80)",
];

/** Counts what was found and what was put. */
class Watched implements ProgramCache {
  readonly found: boolean[] = [];
  puts = 0;
  readonly inner: ProgramCache;

  constructor(inner: ProgramCache) {
    this.inner = inner;
  }

  get(key: string): unknown {
    const found = this.inner.get(key);
    this.found.push(found !== null);
    return found;
  }

  put(key: string, program: CachedProgram): void {
    this.puts++;
    this.inner.put(key, program);
  }
}

/** Every output of a program over series with gaps, as bits. */
function outputsOf(program: BlockProgram): readonly Uint8Array[] {
  const engine = new BlockEngine(program);
  const { fields } = program.plan;
  const names = new Map(fields.map(({ node, name }) => [node, name]));
  engine.run({
    instruments: 7,
    first: [0, 0, 3, 40, 0, 9, 0],
    last: [149, 149, 149, 149, 100, 149, 149],
    column: (node) => ({ values: seriesOf(names.get(node)!), stride: 8, offset: 0 }),
  });
  return program.plan.graph.outputs.map((_, index) => {
    const { buffer, byteOffset, byteLength } = engine.output(index);
    return new Uint8Array(buffer, byteOffset, byteLength).slice();
  });
}

function seriesOf(name: string): Float32Array {
  const phase = name.length;
  return Float32Array.from({ length: shape.rows * 8 }, (_, at) =>
    at % 37 === 5 ? Number.NaN : 20 + phase + Math.sin(at * (0.7 + phase)) * 5 + (at % 8),
  );
}

test("a program from the folder gives the bits of one that was just compiled, for every kind of factor", () => {
  const programs = new Watched(new ProgramFolder(newFolder()));
  const sets = [
    factorSet("tech").factors.slice(0, 40),
    factorSet("alpha158").factors.slice(0, 40),
    factorSet("fund").factors.slice(0, 10),
  ].map((factors) => buildGraph(factors));
  for (const graph of [...sets, graphOf(few)]) {
    for (const precision of ["f32", "f64"] as const) {
      const cold = compileBlocks(planBlocks(graph, { precision }), shape);
      expect(blockProgram(graph, { precision, shape, programs })).toEqual(cold);
      const warm = blockProgram(graph, { precision, shape, programs });
      expect(warm).toEqual(cold);
      expect(outputsOf(warm)).toEqual(outputsOf(cold));
    }
  }
  expect(programs.found).toEqual(sets.concat(graphOf(few)).flatMap(() => [false, true, false, true]));
});

test("whatever decides about a program makes it another one", () => {
  const folder = newFolder();
  const programs = new Watched(new ProgramFolder(folder));
  const graph = graphOf(few);
  const requests = [
    [graph, { precision: "f32", shape }],
    [graph, { precision: "f64", shape }],
    [graph, { precision: "f32", lanes: "float64", shape }],
    [graph, { precision: "f32", shape: { ...shape, rows: 151 } }],
    [graph, { precision: "f32", shape: { ...shape, lanes: 4 } }],
    [graph, { precision: "f32", shape: { ...shape, results: 64 } }],
    [graph, { precision: "f32", shape: { ...shape, areas: 2, shared: true } }],
    [graphOf(few.map((text) => text.replace("20", "21"))), { precision: "f32", shape }],
    [graphOf(few.map((text) => text.replace("+1", "+1.0000001"))), { precision: "f32", shape }],
    [graphOf(few.map((text) => text.replace("$low", "$high"))), { precision: "f32", shape }],
    [graphOf(few.toReversed()), { precision: "f32", shape }],
    [
      { ...graph, outputs: graph.outputs.slice(1) },
      { precision: "f32", shape },
    ],
    [
      { ...graph, outputs: graph.outputs.map(({ name, tree, node }) => ({ name, tree, node })) },
      { precision: "f32", shape },
    ],
  ] as const;
  for (const [each, request] of requests) blockProgram(each, { ...request, programs });
  expect(programs.found).toEqual(requests.map(() => false));
  expect(readdirSync(folder)).toHaveLength(requests.length);
});

test("the sign of zero is part of the key, the names of outputs are not", () => {
  const graph = graphOf(["$close+0"]);
  const negative = {
    ...graph,
    nodes: graph.nodes.map((node) => (node.kind === "number" ? { ...node, value: -0 } : node)),
  };
  const request = { precision: "f32", shape } as const;
  expect(programKey(negative, request)).not.toBe(programKey(graph, request));
  const renamed = { ...graph, outputs: graph.outputs.map((output) => ({ ...output, name: "other" })) };
  expect(programKey(renamed, request)).toBe(programKey(graph, request));
  const programs = new ProgramFolder(newFolder());
  blockProgram(graph, { ...request, programs });
  expect(blockProgram(renamed, { ...request, programs }).plan.graph.outputs[0]!.name).toBe("other");
});

test("a file with any byte changed, cut short or empty is compiled anew and replaced", () => {
  const folder = newFolder();
  const request = { precision: "f32", shape } as const;
  const graph = graphOf(few);
  const cold = blockProgram(graph, { ...request, programs: new ProgramFolder(folder) });
  const [name] = readdirSync(folder);
  const file = join(folder, name!);
  const whole = readFileSync(file);
  const damages = [
    ...[0, 31, 32, 100, whole.length >> 1, whole.length - 1].map((at) => {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 4;
      return damaged;
    }),
    whole.subarray(0, whole.length - 1),
    whole.subarray(0, 32),
    whole.subarray(0, 0),
  ];
  for (const damaged of damages) {
    writeFileSync(file, damaged);
    const programs = new Watched(new ProgramFolder(folder));
    expect(blockProgram(graph, { ...request, programs })).toEqual(cold);
    expect(programs.found).toEqual([false]);
    expect(readFileSync(file).equals(whole)).toBe(true);
  }
});

test("a file of another program under this one's name is not taken for it", () => {
  const [own, other] = [newFolder(), newFolder()];
  const request = { precision: "f32", shape } as const;
  const graph = graphOf(few);
  blockProgram(graph, { ...request, programs: new ProgramFolder(own) });
  blockProgram(graphOf(["$close*2"]), { ...request, programs: new ProgramFolder(other) });
  cpSync(join(other, readdirSync(other)[0]!), join(own, readdirSync(own)[0]!));
  const programs = new Watched(new ProgramFolder(own));
  expect(blockProgram(graph, { ...request, programs }).plan.graph.outputs).toHaveLength(4);
  expect(programs.found).toEqual([false]);
});

test("another compiler's programs are not used", () => {
  const folder = newFolder();
  const graph = graphOf(few);
  const request = { precision: "f32", shape } as const;
  for (const compiler of ["first", "second", "first"]) {
    const programs = new Watched(new ProgramFolder(folder, { compiler }));
    blockProgram(graph, { ...request, programs });
    expect([programs.found, programs.puts]).toEqual(
      compiler === "first" && readdirSync(folder).length === 2 ? [[true], 0] : [[false], 1],
    );
  }
  expect(readdirSync(folder)).toHaveLength(2);
});

test("what a cache gives is checked: parts that are missing or point nowhere are compiled", () => {
  const graph = graphOf(few);
  const request = { precision: "f32", shape } as const;
  let put: CachedProgram | null = null;
  const keeping: ProgramCache = { get: () => null, put: (_, program) => void (put = program) };
  const cold = blockProgram(graph, { ...request, programs: keeping });
  const good = put as CachedProgram | null;
  if (good === null) throw new Error("nothing was put");
  const { nodes, outputs, plan, versions, bytes } = good;
  const cut = (part: number): Uint8Array<ArrayBuffer> => bytes.slice(0, Math.floor(bytes.length * part));
  const wrong: unknown[] = [
    undefined,
    null,
    7,
    {},
    { ...good, nodes: nodes.slice(1) },
    { ...good, nodes: nodes.map((node) => (node.kind === "apply" ? { ...node, operator: "None" } : node)) },
    { ...good, nodes: nodes.map((node) => (node.kind === "apply" ? { ...node, inputs: [99_999] } : node)) },
    { ...good, outputs: outputs.slice(1) },
    { ...good, outputs: outputs.map(() => -1) },
    { ...good, plan: { ...plan, stages: undefined } },
    { ...good, plan: { ...plan, slots: { f32: 0, f64: 0 } } },
    { ...good, plan: { ...plan, outputLanes: [] } },
    { ...good, versions: new Map() },
    { ...good, versions: [...versions] },
    { ...good, bytes: cut(0.9) },
    { ...good, bytes: cut(0) },
  ];
  for (const found of wrong) {
    let puts = 0;
    const programs: ProgramCache = { get: () => found, put: () => void puts++ };
    expect(blockProgram(graph, { ...request, programs })).toEqual(cold);
    expect(puts, JSON.stringify(found)?.slice(0, 60)).toBe(1);
  }
});

test("a folder that cannot be made is as good as none", () => {
  const file = join(newFolder(), "file");
  writeFileSync(file, "");
  const programs = new Watched(new ProgramFolder(join(file, "programs")));
  const request = { precision: "f32", shape, programs } as const;
  blockProgram(graphOf(few), request);
  blockProgram(graphOf(few), request);
  expect([programs.found, programs.puts]).toEqual([[false, false], 2]);
});

test("of more programs than are kept the newest stay", () => {
  const folder = newFolder();
  const programs = new ProgramFolder(folder);
  const graph = graphOf(["$close"]);
  const request = (rows: number) => ({ precision: "f32", shape: { rows, lanes: 4 }, programs }) as const;
  for (let rows = 1; rows <= 70; rows++) blockProgram(graph, request(rows));
  expect(readdirSync(folder)).toHaveLength(64);
  expect(programs.get(programKey(graph, request(70)))).not.toBeNull();
});

test("any change to a source file of the compiler makes another version, a test's does not", () => {
  const root = newFolder();
  mkdirSync(join(root, "expression", "plan"), { recursive: true });
  mkdirSync(join(root, "kernels"));
  writeFileSync(join(root, "kernels", "a.ts"), "1");
  const versions = [sourceDigest(root)];
  for (const [name, text] of [
    ["kernels/a.ts", "2"],
    ["expression/plan/b.ts", "1"],
    ["expression/plan/b.ts", "12"],
  ] as const) {
    writeFileSync(join(root, name), text);
    versions.push(sourceDigest(root));
  }
  expect(new Set(versions).size).toBe(4);
  writeFileSync(join(root, "kernels", "a.test.ts"), "1");
  expect(sourceDigest(root)).toBe(versions.at(-1));
  expect(compilerVersion()).not.toBe(versions[0]);
});
