import * as fc from "fast-check";
import { expect, test } from "vitest";
import { motifs, quietBars, type Bar } from "#kernels/candlestick/textbook-motifs";
import { patterns } from "#kernels/candlestick/catalogue";
import { panelOf, type Panel } from "#panel/panel";
import { buildGraph } from "../ir/build.ts";
import { planBlocks } from "../plan/block-plan.ts";
import { evaluateExpressions } from "../run/evaluate.ts";
import { candlestickLowerings } from "./candlestick-lowering.ts";

const FIELDS = ["open", "high", "low", "close"] as const;
const LANES = 6;
const DEPTH = process.env["DEPTH"] === "full" ? 20 : 1;

/** Examples one after the other, some prices moved, some bars or single prices missing. */
const instrument = fc
  .tuple(
    fc.array(fc.constantFrom(...motifs), { minLength: 1, maxLength: 30 }),
    fc.array(
      fc.tuple(fc.nat({ max: 150 }), fc.nat({ max: 3 }), fc.constantFrom(0.1, -0.1, 0.5, -1, Number.NaN)),
      {
        maxLength: 12,
      },
    ),
    fc.array(fc.tuple(fc.nat({ max: 150 }), fc.nat({ max: 8 })), { maxLength: 2 }),
  )
  .map(([parts, moves, gaps]): Bar[] => {
    const bars = [...quietBars, ...parts.flatMap(({ bars: own }) => own)].map((bar) => [...bar]);
    for (const [row, field, move] of moves) if (row < bars.length) bars[row]![field]! += move;
    for (const [row, length] of gaps) bars.slice(row, row + length).forEach((bar) => bar.fill(Number.NaN));
    return bars as unknown as Bar[];
  });

function panelWith(instruments: readonly (readonly Bar[])[]): Panel<"market"> {
  const rows = Math.max(...instruments.map((bars) => bars.length));
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: rows }, (_, row) => row) },
    instruments: instruments.map((_, lane) => `S${lane}`),
    first: Int32Array.from(instruments, (bars) => rows - bars.length),
    last: new Int32Array(instruments.length).fill(rows - 1),
    columns: FIELDS.map((name, field) => ({
      name,
      values: Float64Array.from({ length: rows * LANES }, (_, at) => {
        const bars = instruments[at % LANES]!;
        return bars[Math.floor(at / LANES) - (rows - bars.length)]?.[field] ?? Number.NaN;
      }),
    })),
  });
}

const expressions = patterns.map(({ name, penetration }) => {
  return `${name}($open,$high,$low,$close${penetration === undefined ? "" : `,${penetration}`})`;
});

test("every pattern can become vector code", () => {
  expect(Object.keys(candlestickLowerings)).toEqual(patterns.map(({ name }) => name));
  const { stages } = planBlocks(buildGraph(expressions), { precision: "f32" });
  expect(stages.flatMap(({ kernels }) => kernels)).toEqual([]);
});

test.each(["f32", "f64"] as const)("both backends give the same patterns on fields of type %s", (fields) => {
  const graph = buildGraph(expressions, { fields });
  let seen = 0;
  fc.assert(
    fc.property(fc.array(instrument, { minLength: LANES, maxLength: LANES }), (instruments) => {
      const panel = panelWith(instruments);
      const slow = evaluateExpressions(graph, panel, { precision: "f64", backend: "js" });
      const fast = evaluateExpressions(graph, panel, { precision: "f64", backend: "wasm" });
      for (const [index, { name, values }] of slow.entries()) {
        expect([...fast[index]!.values], name).toEqual([...values]);
        seen += values.filter((value) => Math.abs(value) > 0).length;
      }
    }),
    { numRuns: 6 * DEPTH },
  );
  expect(seen).toBeGreaterThan(100);
});
