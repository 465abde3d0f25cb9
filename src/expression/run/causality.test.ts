import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { panelOf, type Panel } from "#panel/panel";
import { buildGraph } from "../ir/build.ts";
import { operators } from "../operators/registry.ts";
import { evaluateExpressions } from "./evaluate.ts";
import type { PeriodRecord } from "./periods.ts";

/** One expression or more for every operator, in every form of window; none looks ahead. */
const expressions = [
  ..."Abs Sign Log".split(" ").map((name) => `${name}($close-$open)`),
  ..."Add Sub Mul Div Power Greater Less Gt Ge Lt Le Eq Ne".split(" ").map((name) => `${name}($close,$open)`),
  ..."And Or".split(" ").map((name) => `${name}($close>$open,Ref($close>$open,1))`),
  "Not($close>$open)",
  "If($close-$open,$close,2)",
  ..."Ref Delta".split(" ").flatMap((name) => [0, 1, 7].map((window) => `${name}($close,${window})`)),
  ..."Mean Sum Std Var Max Min Med Count EMA"
    .split(" ")
    .flatMap((name) => [0, 1, 2, 5, 20, 0.2].map((window) => `${name}($close/$open,${window})`)),
  ..."IdxMax IdxMin Mad Rank WMA Skew Kurt Slope Rsquare Resi"
    .split(" ")
    .flatMap((name) => [0, 4, 20].map((window) => `${name}($close,${window})`)),
  "Slope($close/$open,5)",
  "Resi(Mean($close,3),5)",
  ...[0, 5, 20].flatMap((window) => [`Corr($close,$open,${window})`, `Cov($close,$open,${window})`]),
  ...[0, 5].map((window) => `Quantile($close,${window},0.3)`),
  ..."mean sum std var sem skew kurt max min median count rank"
    .split(" ")
    .map((name) => `Rolling($close,6,'${name}')`),
  "Mean(ChangeInstrument('S1',$close),3)",
  "Corr($close,Mask($close,'S0'),4)",
  "Atan($close-$open)",
  ...[1, 3].map((window) => `WarmUp(Mean($close,2),${window})`),
  ..."StdP VarP LWMA HighestBars LowestBars"
    .split(" ")
    .flatMap((name) => [1, 4, 20].map((window) => `${name}($close,${window})`)),
  ..."SeededEMA Wilder WilderSum".split(" ").flatMap((name) => [2, 14].map((n) => `${name}($close,${n})`)),
  "DMA($close,0.3)",
  "DMA($close,Abs($open)/60)",
  "SAR($close,$open,0.02,0.2)",
  "Where($close,$open>5)",
  ..."Rank ZScore Demean Scale Mean Std Median Sum Count"
    .split(" ")
    .flatMap((name) => [`CS${name}($close/Ref($close,3))`, `Group${name}($close,$open>5)`]),
  "CSBucket(Mean($close,4),3)",
  "GroupBucket($close,$open>5,2)",
  "CSWinsorize($close,0.2)",
  "GroupWinsorize($close,$open>5,0.2)",
  "CSResi($close,$open)",
  "GroupResi($close,$open,$open>5)",
  "Mean(CSRank(Std(CSDemean($close),3)),5)",
  "ChangeInstrument('S2',Mean(CSRank($close),3))-CSZScore(Mask($close,'S1')+$close)",
  "CSRank(P($$roe_q)*$close)",
  "P(Mean($$roe_q,2))/$close",
  "PRef($$roe_q,202302)",
  ...operators
    .filter(({ family }) => family === "candlestick")
    .map(({ name, parameters }) => {
      const prices = "$open,1.01*Greater($open,$close),0.99*Less($open,$close),$close";
      return `${name}(${prices}${parameters.length > 4 ? ",0.3" : ""})`;
    }),
];

const ROWS = 60;

function randomPanel(values: readonly number[]): Panel<"market"> {
  const lanes = 4;
  const column = (name: string, shift: number): { name: string; values: Float32Array } => ({
    name,
    values: Float32Array.from({ length: ROWS * lanes }, (_, at) => values[(at * 7 + shift) % values.length]!),
  });
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: ROWS }, (_, row) => 100 + row) },
    instruments: ["S0", "S1", "S2", "S3"],
    first: Int32Array.of(0, 3, 20, 0),
    last: Int32Array.of(ROWS - 1, ROWS - 1, ROWS - 1, 41),
    columns: [column("close", 0), column("open", 3)],
  });
}

function cut(panel: Panel<"market">, rows: number): Panel<"market"> {
  const lanes = panel.instruments.length;
  return panelOf({
    ...panel,
    time: { freq: "day", days: panel.time.days.slice(0, rows) },
    last: panel.last.map((row) => Math.min(row, rows - 1)),
    columns: [...panel.columns.values()].map(({ name, values }) => ({
      name,
      values: values.slice(0, rows * lanes),
    })),
  });
}

/** The panel without its first rows. */
function without(panel: Panel<"market">, rows: number): Panel<"market"> {
  const lanes = panel.instruments.length;
  return panelOf({
    ...panel,
    time: { freq: "day", days: panel.time.days.slice(rows) },
    first: panel.first.map((row) => Math.max(0, row - rows)),
    last: panel.last.map((row) => row - rows),
    columns: [...panel.columns.values()].map(({ name, values }) => ({
      name,
      values: values.slice(rows * lanes),
    })),
  });
}

const records: readonly PeriodRecord[] = [
  { period: 202301, announced: 105, value: 1 },
  { period: 202302, announced: 120, value: 2 },
  { period: 202301, announced: 130, value: 1.5 },
  { period: 202304, announced: 150, value: 4 },
];
const periodic = (): readonly PeriodRecord[] => records;

const value = fc.oneof(
  { weight: 20, arbitrary: fc.double({ min: 0.5, max: 50, noNaN: true }) },
  { weight: 3, arbitrary: fc.constantFrom(Number.NaN, 0, 5, 5, 5) },
);
const panels = fc.array(value, { minLength: 211, maxLength: 211 }).map(randomPanel);

describe("every operator", () => {
  test("occurs in these expressions", () => {
    const unused = operators.filter(
      ({ name }) => name !== "TResample" && !expressions.some((text) => text.includes(`${name}(`)),
    );
    expect(unused.map(({ name }) => name)).toEqual([]);
  });

  test("gives the same bits for a row whether or not later rows are there", () => {
    const graph = buildGraph(expressions);
    fc.assert(
      fc.property(panels, fc.integer({ min: 1, max: ROWS - 1 }), (panel, rows) => {
        const options = { precision: "f64", periodic } as const;
        const whole = evaluateExpressions(graph, panel, options);
        const early = evaluateExpressions(graph, cut(panel, rows), options);
        const changed = early.filter(({ values }, index) => {
          const expected = whole[index]!.values;
          return values.some((each, at) => !Object.is(each, expected[at]));
        });
        expect(changed.map(({ name }) => name)).toEqual([]);
      }),
      { numRuns: process.env["DEPTH"] === "full" ? 300 : 25 },
    );
  });

  test("needs no row before its look-back", () => {
    const graph = buildGraph(expressions);
    fc.assert(
      fc.property(panels, fc.integer({ min: 1, max: ROWS - 25 }), (panel, from) => {
        const options = { precision: "f64", periodic } as const;
        const lanes = panel.instruments.length;
        const whole = evaluateExpressions(graph, panel, options);
        const late = evaluateExpressions(graph, without(panel, from), options);
        const changed = late.filter(({ values, lookBack }, index) => {
          if (!Number.isFinite(lookBack)) return false;
          const expected = whole[index]!.values;
          return values.some(
            (each, at) => at >= lookBack * lanes && !Object.is(each, expected[at + from * lanes]),
          );
        });
        expect(changed.map(({ name }) => name)).toEqual([]);
      }),
      { numRuns: process.env["DEPTH"] === "full" ? 300 : 25 },
    );
  });
});
