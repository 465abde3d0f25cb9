import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { logFloat32 } from "../element-wise/log-float32.ts";
import { FAMILY_PARAMETERS, familyFunction, HEADER_BYTES, type DataLayout } from "./family-function.ts";
import { inLane, laneCount, type Lanes } from "./lanes.ts";
import { encodeModule } from "./module.ts";
import { VectorGraph, type Vector } from "./vector-graph.ts";

/**
 * The slow twin of the generated code: walks the same graph lane by lane in JavaScript. What both have in common is the
 * graph, so folding is tested against plain arithmetic further down.
 */
function bool(value: boolean): number {
  return value ? 1 : 0;
}

class Interpreter {
  readonly #graph: VectorGraph;
  readonly #input: (index: number, row: number) => number;
  readonly #history = new Map<Vector, Map<number, number>>();
  readonly #start: number;
  readonly #origin: number;

  constructor(
    graph: VectorGraph,
    lane: { input: (index: number, row: number) => number; start: number; origin: number },
  ) {
    this.#graph = graph;
    this.#input = lane.input;
    this.#start = lane.start;
    this.#origin = lane.origin;
  }

  at(node: Vector, row: number): number {
    let known = this.#history.get(node);
    if (known === undefined) this.#history.set(node, (known = new Map()));
    let value = known.get(row);
    if (value === undefined) known.set(row, (value = this.#compute(node, row)));
    return value;
  }

  #compute(node: Vector, row: number): number {
    const [a, b, c] = node.inputs.map((input) => () => this.at(input, row));
    const round = (value: number): number => inLane(this.#graph.lanes, value);
    switch (node.op) {
      case "constant":
      case "condition":
        return node.number;
      case "count":
        return 0;
      case "load":
        return round(this.#input(node.source!.index, row - node.lag));
      case "ring": {
        const store = this.#graph.stores.find((each) => each.kind === "ring" && each.slot === node.number)!;
        // Rings hold zeros before the first row of a run.
        return row - node.lag < this.#origin ? 0 : this.at(store.value, row - node.lag);
      }
      case "row":
        return row;
      case "start":
        return this.#start;
      case "origin":
        return this.#origin;
      case "add":
        return round(a!() + b!());
      case "sub":
        return round(a!() - b!());
      case "mul":
        return round(a!() * b!());
      case "div":
        return round(a!() / b!());
      case "min":
        return Math.min(a!(), b!());
      case "max":
        return Math.max(a!(), b!());
      case "pmin":
        return b!() < a!() ? b!() : a!();
      case "pmax":
        return a!() < b!() ? b!() : a!();
      case "abs":
        return Math.abs(a!());
      case "neg":
        return -a!();
      case "sqrt":
        return round(Math.sqrt(a!()));
      case "floor":
        return Math.floor(a!());
      case "round":
        return Math.fround(a!());
      case "log":
        return logFloat32(Math.fround(a!()));
      case "lt":
        return bool(a!() < b!());
      case "le":
        return bool(a!() <= b!());
      case "gt":
        return bool(a!() > b!());
      case "ge":
        return bool(a!() >= b!());
      case "eq":
        return bool(a!() === b!());
      case "ne":
        return bool(a!() !== b!());
      case "and":
        return bool(a!() !== 0 && b!() !== 0);
      case "or":
        return bool(a!() !== 0 || b!() !== 0);
      case "not":
        return bool(a!() === 0);
      case "select":
        return a!() !== 0 ? b!() : c!();
      case "keep":
        return a!() !== 0 ? b!() : 0;
      case "tally":
        return a!() + b!();
      case "total":
        return a!();
      default:
        throw new Error(`${node.op} has no twin`);
    }
  }
}

const ROWS = 40;
const PAD = 16;
const FIELDS = 2;
const WIDTH: Readonly<Record<Lanes, number>> = { f32x4: 4, f64x2: 8 };

function layoutFor(lanes: Lanes): DataLayout {
  const stride = (width: number): number => (PAD + ROWS) * width + 64;
  return {
    pad: PAD,
    f32: { offset: HEADER_BYTES, stride: stride(16) },
    f64: { offset: HEADER_BYTES + FIELDS * stride(16), stride: stride(32) },
    quadBytes: 16_384,
    chunkRows: ROWS,
    outputRow: 4 * WIDTH[lanes],
    outputStride: (ROWS + 1) * 4 * WIDTH[lanes],
    outputBytes: 0,
    resultRow: 0,
    resultStride: 0,
  };
}

interface Run {
  readonly starts: readonly number[];
  /** Field, then row, then lane. */
  readonly inputs: readonly (readonly (readonly number[])[])[];
}

/** The outputs `[output][row][lane]` of a graph, by the generated function, and the last watched row. */
function runCode(graph: VectorGraph, outputs: number, run: Run): { values: number[][][]; last: number } {
  const { lanes } = graph;
  const layout = layoutFor(lanes);
  const { body, both, stateBytes } = familyFunction(graph, layout);
  const memory = new WebAssembly.Memory({ initial: 16 });
  const bytes = encodeModule([{ name: "f", body, parameters: FAMILY_PARAMETERS }]);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { engine: { memory } });
  const call = exports["f"] as (...parameters: number[]) => number;
  const [base, state] = [8192, 262_144];
  const out = Math.ceil((state + stateBytes * 2 + 64) / 64) * 64;
  const f32 = new Float32Array(memory.buffer);
  const f64 = new Float64Array(memory.buffer);
  for (let lane = 0; lane < 4; lane++) {
    f32[base / 4 + lane] = run.starts[lane]!;
    f64[base / 8 + 2 + lane] = run.starts[lane]!;
    for (let field = 0; field < FIELDS; field++) {
      for (let row = -PAD; row < ROWS; row++) {
        const at = (base + layout.f32.offset + field * layout.f32.stride) / 4 + (PAD + row) * 4 + lane;
        f32[at] = run.inputs[field]![PAD + row]![lane]!;
      }
    }
  }
  let last = -(2 ** 31);
  for (let pair = 0; pair < (both ? 1 : 4 / laneCount[lanes]); pair++) {
    const from = out + pair * 2 * WIDTH[lanes];
    last = Math.max(last, call(base, from, 0, ROWS, 0, 1, state + pair * stateBytes, 0, pair));
  }
  const memoryOf = lanes === "f32x4" ? f32 : f64;
  const values = Array.from({ length: outputs }, (_, output) =>
    Array.from({ length: ROWS }, (__, row) =>
      Array.from({ length: 4 }, (___, lane) => {
        const address = out + output * layout.outputStride + row * layout.outputRow;
        return memoryOf[address / WIDTH[lanes] + lane]!;
      }),
    ),
  );
  return { values, last };
}

/** Makes vectors from random bytes: every operation, on earlier values and masks. */
function grow(graph: VectorGraph, bytes: readonly number[]): Vector[] {
  const values: Vector[] = [
    graph.load({ type: "f32", index: 0 }),
    graph.load({ type: "f32", index: 1 }, 2),
    graph.row(),
    graph.constant(1.1),
    graph.constant(-3),
    graph.constant(0),
  ];
  const masks: Vector[] = [graph.compare("ge", graph.row(), graph.start()), graph.condition(true)];
  const comparisons = ["lt", "le", "gt", "ge", "eq", "ne"] as const;
  const arithmetic = ["add", "sub", "mul", "div", "min", "max", "pmin", "pmax"] as const;
  for (let at = 0; at + 3 < bytes.length; at += 4) {
    const [kind, p, q, r] = bytes.slice(at, at + 4) as [number, number, number, number];
    const value = (index: number): Vector => values[index % values.length]!;
    const mask = (index: number): Vector => masks[index % masks.length]!;
    const makers: readonly (() => void)[] = [
      () => values.push(graph.compute(arithmetic[r % 8]!, value(p), value(q))),
      () => values.push(graph.lagged(value(p), 1 + (q % 7))),
      () => masks.push(graph.compare(comparisons[r % 6]!, value(p), value(q))),
      () => values.push(graph.select(mask(r), value(p), value(q))),
      () => values.push(graph.keep(mask(p), value(q))),
      () => masks.push([graph.and(mask(p), mask(q)), graph.or(mask(p), mask(q)), graph.not(mask(p))][r % 3]!),
      () =>
        values.push(
          [graph.abs(value(p)), graph.neg(value(p)), graph.sqrt(value(p)), graph.floor(value(p))][r % 4]!,
        ),
      () => values.push(graph.tally([mask(p), mask(q), graph.lagged(mask(r), 1), graph.condition(true)])),
      () => values.push(graph.round(value(p))),
      () => values.push(graph.log(graph.round(value(p)))),
      () =>
        values.push(
          graph.recur((previous) =>
            graph.select(
              mask(p),
              value(q),
              graph.select(graph.compare("le", graph.row(), graph.origin()), graph.constant(0), previous),
            ),
          ),
        ),
    ];
    makers[kind % makers.length]!();
  }
  return values.slice(6);
}

const number = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -1e3, max: 1e3, noNaN: true }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      0,
      -0,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      1e-41,
      3e38,
      1,
      2,
    ),
  },
);

/** 9 on one row of one lane, 1 elsewhere. */
function oneHigh(at: number, lane: number): number[][][] {
  return Array.from({ length: FIELDS }, () =>
    Array.from({ length: PAD + ROWS }, (_, row) =>
      [0, 1, 2, 3].map((each) => (row === PAD + at && each === lane ? 9 : 1)),
    ),
  );
}

function formOf(lanes: Lanes, value: (graph: VectorGraph, a: Vector, b: Vector) => Vector): boolean {
  const graph = new VectorGraph(lanes);
  const [a, b] = [graph.load({ type: "f32", index: 0 }), graph.load({ type: "f32", index: 1 })];
  const type = lanes === "f32x4" ? "f32" : "f64";
  graph.store({ kind: "output", index: 0, type, value: value(graph, a, b), unless: null });
  return familyFunction(graph, layoutFor(lanes), { twos: true }).both;
}

describe.each(["f32x4", "f64x2"] as const)("%s", (lanes) => {
  test("generated code does what the graph says, lane by lane and bit by bit", () => {
    let compared = 0;
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 8, maxLength: 160 }),
        fc.array(fc.integer({ min: -5, max: ROWS }), { minLength: 4, maxLength: 4 }),
        fc.array(
          fc.array(fc.array(number, { minLength: 4, maxLength: 4 }), {
            minLength: PAD + ROWS,
            maxLength: PAD + ROWS,
          }),
          {
            minLength: FIELDS,
            maxLength: FIELDS,
          },
        ),
        (bytes, starts, inputs) => {
          const graph = new VectorGraph(lanes);
          const outputs = grow(graph, bytes);
          for (const [index, value] of outputs.entries())
            graph.store({
              kind: "output",
              index,
              type: lanes === "f32x4" ? "f32" : "f64",
              value,
              unless: null,
            });
          const run = { starts, inputs };
          const { values } = runCode(graph, outputs.length, run);
          for (let lane = 0; lane < 4; lane++) {
            const twin = new Interpreter(graph, {
              input: (index, row) => Math.fround(inputs[index]![PAD + row]![lane]!),
              start: starts[lane]!,
              origin: 0,
            });
            for (const [index, node] of outputs.entries()) {
              for (let row = 0; row < ROWS; row++) {
                const [found, wanted] = [values[index]![row]![lane]!, twin.at(node, row)];
                compared++;
                if (!Object.is(found, wanted) && !(Number.isNaN(found) && Number.isNaN(wanted)))
                  throw new Error(
                    `${node.op} #${node.id} at row ${row}, lane ${lane}: ${found}, expected ${wanted}`,
                  );
              }
            }
          }
        },
      ),
      { numRuns: process.env["DEPTH"] === "full" ? 1_000 : 60, seed: 41 },
    );
    expect(compared).toBeGreaterThan(10_000);
  });

  test("what waits for its steps is computed twice at a time, a sorting network is not", () => {
    expect(formOf(lanes, (graph, a, b) => graph.div(graph.sqrt(a), b))).toBe(true);
    expect(formOf(lanes, (graph, a, b) => graph.compute("pmin", graph.compute("pmax", a, b), b))).toBe(false);
  });

  test("a run tells the last row on which the watched condition held in any lane", () => {
    const graph = new VectorGraph(lanes);
    const x = graph.load({ type: "f32", index: 0 });
    graph.watch(graph.compare("gt", x, graph.constant(5)));
    graph.store({
      kind: "output",
      index: 0,
      type: lanes === "f32x4" ? "f32" : "f64",
      value: x,
      unless: null,
    });
    for (const lane of [0, 1, 2, 3]) {
      for (const at of [0, 17, ROWS - 1])
        expect(runCode(graph, 1, { starts: [0, 0, 0, 0], inputs: oneHigh(at, lane) }).last).toBe(at);
    }
    expect(runCode(graph, 1, { starts: [0, 0, 0, 0], inputs: oneHigh(-3, 0) }).last).toBe(-(2 ** 31));
  });

  test("lanes that hold a condition keep what the output contains", () => {
    const graph = new VectorGraph(lanes);
    const x = graph.load({ type: "f32", index: 0 });
    const type = lanes === "f32x4" ? "f32" : "f64";
    graph.store({ kind: "output", index: 0, type, value: x, unless: null });
    graph.store({
      kind: "output",
      index: 0,
      type,
      value: graph.constant(-1),
      unless: graph.compare("gt", x, graph.constant(1)),
    });
    const inputs = Array.from({ length: FIELDS }, () =>
      Array.from({ length: PAD + ROWS }, () => [0, 1, 2, 3]),
    );
    const { values } = runCode(graph, 1, { starts: [0, 0, 0, 0], inputs });
    expect(values[0]![7]).toEqual([-1, -1, 2, 3]);
  });
});

describe("folding", () => {
  const graph = new VectorGraph("f32x4");
  const x = graph.load({ type: "f32", index: 0 });
  const mask = graph.compare("gt", x, graph.constant(0));

  test("constants are folded as the lane rounds", () => {
    expect(graph.add(graph.constant(0.1), graph.constant(0.2)).number).toBe(
      Math.fround(Math.fround(0.1) + Math.fround(0.2)),
    );
    expect(new VectorGraph("f64x2").add(graph.constant(1), graph.constant(2)).number).toBe(3);
  });

  test("only identities that keep every bit are applied", () => {
    expect(graph.mul(x, graph.constant(1))).toBe(x);
    expect(graph.div(x, graph.constant(1))).toBe(x);
    expect(graph.select(graph.condition(true), x, mask)).toBe(x);
    expect(graph.keep(graph.condition(true), x)).toBe(x);
    expect(graph.and(graph.condition(true), mask)).toBe(mask);
    expect(graph.or(graph.condition(false), mask)).toBe(mask);
    expect(graph.not(graph.not(mask))).toBe(mask);
    expect(graph.add(x, graph.constant(0)).op).toBe("add");
    expect(graph.mul(x, graph.constant(0)).op).toBe("mul");
    expect(graph.constant(0)).not.toBe(graph.constant(-0));
  });

  test("equal nodes are one, and earlier rows of an input need no ring", () => {
    expect(graph.add(x, mask)).toBe(graph.add(x, mask));
    expect(graph.lagged(x, 3)).toBe(graph.load({ type: "f32", index: 0 }, 3));
    expect(graph.lagged(graph.add(x, x), 3).op).toBe("ring");
    expect(graph.lagged(graph.constant(4), 3).number).toBe(4);
  });
});

test("the vector logarithm is NumPy's on every kind of float32", () => {
  const values = [
    0,
    -0,
    -1,
    1,
    Math.E,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    1e-45,
    1.17e-38,
    3.4e38,
  ];
  for (let bits = 1; bits < 0x7f800000; bits += 104_729)
    values.push(new Float32Array(new Int32Array([bits]).buffer)[0]!);
  for (const lanes of ["f32x4", "f64x2"] as const) {
    const graph = new VectorGraph(lanes);
    const value = graph.log(graph.load({ type: "f32", index: 0 }));
    graph.store({ kind: "output", index: 0, type: lanes === "f32x4" ? "f32" : "f64", value, unless: null });
    for (let at = 0; at < values.length; at += 4 * ROWS) {
      const cell = (row: number, lane: number): number => values[at + Math.max(0, row) * 4 + lane] ?? 1;
      const inputs = Array.from({ length: FIELDS }, () =>
        Array.from({ length: PAD + ROWS }, (_, row) => [0, 1, 2, 3].map((lane) => cell(row - PAD, lane))),
      );
      const { values: found } = runCode(graph, 1, { starts: [0, 0, 0, 0], inputs });
      for (let row = 0; row < ROWS; row++)
        for (let lane = 0; lane < 4; lane++)
          expect(found[0]![row]![lane]).toBe(logFloat32(Math.fround(cell(row, lane))));
    }
  }
}, 60_000);

test("the close logarithm is within 4 float32 steps of the exact one", () => {
  const graph = new VectorGraph("f32x4");
  const value = graph.closeLog(graph.load({ type: "f32", index: 0 }));
  graph.store({ kind: "output", index: 0, type: "f32", value, unless: null });
  let worst = 0;
  for (let seed = 0; seed < 60; seed++) {
    const inputs = Array.from({ length: FIELDS }, () =>
      Array.from({ length: PAD + ROWS }, (_, row) =>
        [0, 1, 2, 3].map((lane) => Math.fround(2 ** (((seed * 40 + row) * 4 + lane) * 0.0123 - 60))),
      ),
    );
    const { values } = runCode(graph, 1, { starts: [0, 0, 0, 0], inputs });
    for (let row = 0; row < ROWS; row++) {
      for (let lane = 0; lane < 4; lane++) {
        const exact = Math.log(inputs[0]![PAD + row]![lane]!);
        const step = Math.max(Math.abs(exact), 2 ** -126) * 2 ** -23;
        worst = Math.max(worst, Math.abs(values[0]![row]![lane]! - exact) / step);
      }
    }
  }
  expect(worst).toBeLessThan(4);
  for (const [x, wanted] of [
    [0, -Infinity],
    [-1, Number.NaN],
    [Infinity, Infinity],
    [Number.NaN, Number.NaN],
    [1, 0],
  ] as const) {
    const inputs = Array.from({ length: FIELDS }, () =>
      Array.from({ length: PAD + ROWS }, () => [x, x, x, x]),
    );
    expect(runCode(graph, 1, { starts: [0, 0, 0, 0], inputs }).values[0]![0]![0]).toBe(wanted);
  }
});
