import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildGraph } from "../ir/build.ts";
import type { PlanOptions } from "../plan/block-plan.ts";
import {
  blockOf,
  different,
  engineOf,
  instruments,
  outputsOf,
  SHORT_WINDOWS,
  UNBOUNDED,
  WITH_KERNELS,
  WITHOUT_STATE,
  type Listed,
} from "./testing/blocks.ts";

/** A value depends on its own instrument's last rows and on nothing else: in every bit. */
const ROWS = 150;
const runs = (few: number): { numRuns: number; seed: number; endOnFailure: boolean } => ({
  numRuns: process.env["DEPTH"] === "full" ? few * 30 : few,
  seed: 7,
  endOnFailure: true,
});
const MODES: readonly (readonly [string, PlanOptions])[] = [
  ["float32 lanes where justified", { precision: "f32" }],
  ["float64 lanes, float32 results", { precision: "f32", lanes: "float64" }],
  ["float64 results", { precision: "f64" }],
];

describe.each(MODES)("with %s", (_, options) => {
  const graph = buildGraph(SHORT_WINDOWS);
  const kernels = buildGraph(WITH_KERNELS);
  const alone = engineOf(graph, { rows: ROWS, lanes: 4 }, options);
  const shapes = [8, 32].map((lanes) => engineOf(graph, { rows: ROWS, lanes }, options));
  const single = (engine: typeof alone, one: Listed): Map<string, Float32Array | Float64Array> => {
    engine.run(blockOf(graph, [one]));
    return outputsOf(engine, graph, { lane: 0, rows: ROWS });
  };

  test("neighbours and the size of the block change nothing", () => {
    fc.assert(
      fc.property(instruments(9, ROWS), (listed) => {
        const expected = listed.map((one) => single(alone, one));
        for (const engine of shapes) {
          const count = Math.min(listed.length, engine.program.shape.lanes);
          engine.run(blockOf(graph, listed.slice(0, count)));
          for (let lane = 0; lane < count; lane++)
            expect(different(expected[lane]!, outputsOf(engine, graph, { lane, rows: ROWS }))).toEqual([]);
        }
      }),
      runs(12),
    );
  });

  test("the other expressions change nothing", () => {
    const halves = [0, 1].map((half) => buildGraph(SHORT_WINDOWS.filter((__, index) => index % 2 === half)));
    const engines = halves.map((half) => engineOf(half, { rows: ROWS, lanes: 4 }, options));
    fc.assert(
      fc.property(instruments(4, ROWS), (listed) => {
        alone.run(blockOf(graph, listed));
        const expected = listed.map((__, lane) => outputsOf(alone, graph, { lane, rows: ROWS }));
        for (const [index, engine] of engines.entries()) {
          engine.run(blockOf(halves[index]!, listed));
          for (const lane of listed.keys()) {
            const found = outputsOf(engine, halves[index]!, { lane, rows: ROWS });
            expect(different(expected[lane]!, found)).toEqual([]);
          }
        }
      }),
      runs(8),
    );
  });

  test("a run from any row gives the rows of a run from the first one", () => {
    const all = buildGraph([...WITH_KERNELS, ...UNBOUNDED, ...WITHOUT_STATE]);
    const engine = engineOf(all, { rows: ROWS, lanes: 8 }, options);
    expect(engine.lookBack).toBe(Number.POSITIVE_INFINITY);
    fc.assert(
      fc.property(
        instruments(6, ROWS),
        instruments(6, ROWS),
        fc.integer({ min: 0, max: ROWS - 1 }),
        fc.integer({ min: 1, max: ROWS }),
        (listed, others, from, count) => {
          const to = Math.min(ROWS, from + count);
          engine.run(blockOf(all, listed));
          const expected = listed.map((__, lane) => outputsOf(engine, all, { lane, rows: ROWS }));
          // Another market's rows are in memory.
          engine.run(blockOf(all, others));
          engine.run(blockOf(all, listed), { from, to });
          for (const lane of listed.keys()) {
            const found = outputsOf(engine, all, { lane, rows: to - from });
            expect(different(expected[lane]!, found, from)).toEqual([]);
          }
        },
      ),
      runs(15),
    );
  });

  test("one bad value at any distance before the first wanted row is seen", () => {
    const reach = 14;
    const bad = 60;
    const engine = engineOf(graph, { rows: bad + reach + 3, lanes: 4 }, options);
    const values = [Number.NaN, 1e13, Number.POSITIVE_INFINITY, -Number.MAX_VALUE];
    const listed = values.map((value, lane): Listed => {
      const series = Array.from({ length: 5 }, (__, field) =>
        Float32Array.from({ length: bad + reach + 3 }, (___, row) =>
          row === bad && field >= lane ? value : 20 + Math.sin(row * (1.3 + field) + lane),
        ),
      );
      return { first: 0, last: bad + reach + 2, values: series };
    });
    // Each by itself: else the others call for the masked version.
    for (const one of listed) {
      engine.run(blockOf(graph, [one]));
      const expected = outputsOf(engine, graph, { lane: 0, rows: bad + reach + 3 });
      for (let from = bad; from < bad + reach + 3; from++) {
        engine.run(blockOf(graph, [one]), { from });
        const found = outputsOf(engine, graph, { lane: 0, rows: bad + reach + 3 - from });
        expect(different(expected, found, from)).toEqual([]);
      }
    }
  });

  test("a program that holds no more rows than the look-back and the new ones gives the same", () => {
    const whole = engineOf(kernels, { rows: ROWS, lanes: 8 }, options);
    const { lookBack } = whole;
    const added = 3;
    const short = engineOf(kernels, { rows: lookBack + added, lanes: 8, results: added }, options);
    fc.assert(
      fc.property(
        instruments(6, ROWS),
        fc.integer({ min: 0, max: ROWS - lookBack - added }),
        (listed, start) => {
          whole.run(blockOf(kernels, listed));
          const expected = listed.map((__, lane) => outputsOf(whole, kernels, { lane, rows: ROWS }));
          short.run(blockOf(kernels, listed, { from: start, to: start + lookBack + added }), {
            from: lookBack,
          });
          for (const lane of listed.keys()) {
            const found = outputsOf(short, kernels, { lane, rows: added });
            expect(different(expected[lane]!, found, start + lookBack)).toEqual([]);
          }
        },
      ),
      runs(15),
    );
  });

  test("a run that resumes at a checkpoint gives the same, and the same next checkpoint", () => {
    const all = buildGraph([...WITH_KERNELS, ...UNBOUNDED]);
    const whole = engineOf(all, { rows: ROWS, lanes: 8 }, options);
    expect(whole.lookBack).toBe(Number.POSITIVE_INFINITY);
    const back = whole.resumedLookBack;
    expect(back).toBeLessThan(80);
    const added = 3;
    const short = engineOf(all, { rows: back + added, lanes: 8, results: added }, options);
    fc.assert(
      fc.property(instruments(6, ROWS), fc.integer({ min: 0, max: ROWS - back - added }), (listed, start) => {
        const row = start + back;
        whole.run(blockOf(all, listed), { checkpoints: [row, row + 1, row + added] });
        const expected = listed.map((__, lane) => outputsOf(whole, all, { lane, rows: ROWS }));
        const [first, ...later] = whole.checkpoints;
        short.run(blockOf(all, listed, { from: start, to: row + added }), {
          from: back,
          resume: { ...first!, row: back },
          checkpoints: [back + 1, back + added],
        });
        for (const lane of listed.keys()) {
          const found = outputsOf(short, all, { lane, rows: added });
          expect(different(expected[lane]!, found, row)).toEqual([]);
        }
        expect(short.checkpoints.map(({ states }) => states)).toEqual(later.map(({ states }) => states));
      }),
      runs(15),
    );
  });
});

test("too few rows before the first wanted one are refused", () => {
  const graph = buildGraph(["Mean($close,5)"]);
  const engine = engineOf(graph, { rows: 6, lanes: 4 });
  expect(engine.lookBack).toBe(4);
  const values = Float32Array.from({ length: 6 }, (_, row) => row);
  const data = { instruments: 1, last: [5], column: () => ({ values, stride: 1, offset: 0 }) };
  expect(() => engine.run({ ...data, first: [-1] }, { from: 3 })).toThrow(/row 3 needs 4 rows before it/);
  engine.run({ ...data, first: [0] }, { from: 3 });
  expect(Array.from(engine.output(0)).filter((__, cell) => cell % 4 === 0)).toEqual([1.5, 2, 3]);
});

test("results handed over chunk by chunk are those of a whole run", () => {
  for (const lanes of ["mixed", "float64"] as const) {
    const graph = buildGraph(SHORT_WINDOWS);
    const options = { precision: "f32", lanes } as const;
    const whole = engineOf(graph, { rows: ROWS, lanes: 8 }, options);
    const chunked = engineOf(graph, { rows: ROWS, lanes: 8, results: 64 }, options);
    expect(whole.program.plan.stages).toHaveLength(1);
    fc.assert(
      fc.property(instruments(7, ROWS), (listed) => {
        const data = blockOf(graph, listed);
        whole.run(data);
        const seen: number[] = [];
        chunked.run(data, {
          consume({ from, to }) {
            expect(to - from).toBeLessThanOrEqual(64);
            for (let row = from; row < to; row++) seen.push(row);
            for (const index of graph.outputs.keys()) {
              const part = chunked.output(index);
              expect(part).toEqual(whole.output(index).slice(from * 8, to * 8));
            }
          },
        });
        expect(seen).toEqual(Array.from({ length: ROWS }, (_, row) => row));
      }),
      runs(4),
    );
  }
});

test("results of several stages are handed over once, all rows together", () => {
  const graph = buildGraph(["Mean(Ref($close,-1),3)"]);
  const engine = engineOf(graph, { rows: ROWS, lanes: 4 });
  expect(engine.program.plan.stages.length).toBeGreaterThan(1);
  const seen: unknown[] = [];
  fc.assert(
    fc.property(instruments(3, ROWS), (listed) => {
      engine.run(blockOf(graph, listed), { consume: (rows) => seen.push(rows) });
    }),
    { numRuns: 1, seed: 3 },
  );
  expect(seen).toEqual([{ from: 0, to: ROWS }]);
});
