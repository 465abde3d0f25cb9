import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { panelOf, type Panel } from "#panel/panel";
import { ExpressionError } from "../errors.ts";
import { buildGraph } from "../ir/build.ts";
import { evaluateExpressions } from "./evaluate.ts";
import { StreamingFactors, type StreamRow } from "./streaming-factors.ts";
import {
  FIELDS,
  instruments,
  UNBOUNDED,
  WITH_KERNELS,
  WITHOUT_STATE,
  type Listed,
} from "./testing/blocks.ts";

/** More than memory holds at once, twice. */
const ROWS = 760;
const ACROSS = [
  "CSRank(Mean($close,5))",
  "Mean(CSRank($close),4)-CSZScore($volume)",
  "EMA(CSDemean(EMA($close,3)),4)",
  "Mean($calendar_weekday,3)*$close",
];

/** As the stream sees it: listed from the first value on, and not delisted. */
function panelFrom(listed: readonly Listed[]): Panel<"market"> {
  const count = listed.length;
  const values = FIELDS.map(() => new Float32Array(ROWS * count).fill(Number.NaN));
  const first = new Int32Array(count).fill(1);
  const last = new Int32Array(count);
  for (const [lane, one] of listed.entries()) {
    for (let row = ROWS - 1; row >= Math.max(0, one.first); row--) {
      for (const [field, column] of values.entries()) {
        const given = one.values[field]![row]!;
        const value = Number.isFinite(given) ? given : Number.NaN;
        column[row * count + lane] = value;
        if (Number.isNaN(value)) continue;
        first[lane] = row;
        last[lane] = ROWS - 1;
      }
    }
  }
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: ROWS }, (_, row) => 19_000 + row) },
    instruments: listed.map((_, lane) => `S${lane}`),
    first,
    last,
    columns: FIELDS.map((name, field) => ({ name, values: values[field]! })),
  });
}

function rowOf(panel: Panel, row: number): StreamRow {
  const count = panel.instruments.length;
  const fields = [...panel.columns].map(
    ([name, { values }]) => [name, values.slice(row * count, (row + 1) * count)] as const,
  );
  return { day: panel.time.days[row]!, fields: Object.fromEntries(fields) };
}

const markets = fc.sample(instruments(5, ROWS), {
  numRuns: process.env["DEPTH"] === "full" ? 60 : 2,
  seed: 5,
});

describe.each([{ precision: "f32" }, { precision: "f32", lanes: "float64" }, { precision: "f64" }] as const)(
  "a stream with %o",
  (options) => {
    const graph = buildGraph([...WITH_KERNELS, ...UNBOUNDED, ...ACROSS]);

    test.each(markets.map((market, index) => [index, market] as const))(
      "gives every bit of the batch (market %i)",
      (_, market) => {
        const panel = panelFrom(market);
        const batch = evaluateExpressions(graph, panel, options);
        const stream = new StreamingFactors(graph, { instruments: panel.instruments, ...options });
        const count = panel.instruments.length;
        const differences: string[] = [];
        for (let row = 0; row < ROWS; row++) {
          const values = stream.push(rowOf(panel, row));
          for (const [output, { name, values: whole }] of batch.entries()) {
            for (let lane = 0; lane < count; lane++) {
              const [found, expected] = [values[output]![lane]!, whole[row * count + lane]!];
              if (!Object.is(found, expected))
                differences.push(`${name} of S${lane} at row ${row}: ${found} instead of ${expected}`);
            }
          }
        }
        expect(differences.slice(0, 5)).toEqual([]);
      },
    );
  },
);

test.each([
  ...WITHOUT_STATE.map((text) => [text, "EXPRESSION_NOT_STREAMED"] as const),
  ["Mean(ChangeInstrument('S1',$close),3)", "EXPRESSION_NOT_STREAMED"],
  ["$close/Ref($close,-1)", "EXPRESSION_LOOKS_AHEAD"],
] as const)("%s is refused: %s", (text, code) => {
  const open = (): unknown => new StreamingFactors(["$close", text], { instruments: ["S0"] });
  expect(open).toThrow(ExpressionError);
  expect(open).toThrow(expect.objectContaining({ code, remedy: expect.stringMatching(/./) }));
});

test("rows that lack a field or an instrument are refused", () => {
  const stream = new StreamingFactors(["$close+$open"], { instruments: ["A", "B"] });
  const close = Float32Array.of(1, 2);
  expect(() => stream.push({ day: 1, fields: { close } })).toThrow(/no field \$open/);
  expect(() => stream.push({ day: 1, fields: { close, open: Float32Array.of(1) } })).toThrow(
    /field open holds 1 values for 2 instruments/,
  );
  const infinite = Float64Array.of(1, Number.POSITIVE_INFINITY);
  expect(() => stream.push({ day: 1, fields: { close, open: infinite } })).toThrow(/open of B is Infinity/);
  expect([...stream.push({ day: 1, fields: { Close: close, open: close } })[0]!]).toEqual([2, 4]);
});
