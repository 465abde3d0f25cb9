import { expect, test } from "vitest";
import { buildGraph } from "#expression/ir/build";
import type { CachedProgram, ProgramCache } from "#expression/run/program-cache";
import { panelOf, type Panel } from "#panel/panel";
import { FactorBlocks } from "./factor-blocks.ts";

const graph = buildGraph(
  ["Mean($close, 5)/$close", "Corr($close, $volume, 10)", "EMA($close, 7)"].map((expression) => ({
    name: expression,
    expression,
  })),
);

function market(rows: number): Panel {
  const values = (seed: number): Float32Array =>
    Float32Array.from({ length: rows * 32 }, (_, at) => 30 + Math.sin(at * seed) * 9 + (at % 32));
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: rows }, (_, day) => day) },
    instruments: Array.from({ length: 32 }, (_, lane) => `E${lane}`),
    first: Int32Array.from({ length: 32 }, (_, lane) => lane),
    last: new Int32Array(32).fill(rows - 1),
    columns: [
      { name: "close", values: values(0.7) },
      { name: "volume", values: values(0.3) },
    ],
  });
}

test("blocks that can grow give the bits of blocks of exactly the rows, whole or in part", () => {
  for (const rows of [63, 64, 100]) {
    const exact = new FactorBlocks(graph, { rows, precision: "f32" });
    const growing = new FactorBlocks(graph, { rows, precision: "f32", canGrow: true });
    for (const request of [
      { from: 0, to: rows },
      { from: 40, to: rows },
    ]) {
      const { columns } = growing.compute(market(rows), request);
      expect(columns).toEqual(exact.compute(market(rows), request).columns);
      expect(columns[0]!.values.length).toBe((request.to - request.from) * 32);
    }
  }
});

test("with one row more, blocks that can grow find the program they had", () => {
  const kept = new Map<string, CachedProgram>();
  const programs: ProgramCache = {
    get: (key) => kept.get(key) ?? null,
    put: (key, program) => void kept.set(key, program),
  };
  const compiled = [100, 101, 128, 129].map((rows) => {
    void new FactorBlocks(graph, { rows, precision: "f32", canGrow: true, programs });
    return kept.size;
  });
  expect(compiled).toEqual([1, 1, 1, 2]);
});
