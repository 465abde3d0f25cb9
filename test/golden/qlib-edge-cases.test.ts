import { expect, test } from "vitest";
import { dayOf } from "../../src/market/day.ts";
import { evaluateExpressions, type EvaluationOptions } from "../../src/expression/run/evaluate.ts";
import { panelOf, type Panel } from "../../src/panel/panel.ts";
import { goldenJson } from "./qlib-golden.ts";

/** 150 expressions on seven hand-written instruments: NaN, ±inf, ties, constants, denormals, 3e38. */
type Value = number | string;

interface EdgeCases {
  readonly days: readonly string[];
  readonly inputs_as_stored_f32: Readonly<Record<string, Readonly<Record<string, readonly Value[]>>>>;
  readonly results: Readonly<
    Record<string, Readonly<Record<string, { readonly dtype: string; readonly native: readonly Value[] }>>>
  >;
}

const numberOf = (value: Value): number =>
  typeof value === "number"
    ? value
    : value === "NaN"
      ? Number.NaN
      : value.startsWith("-")
        ? -Infinity
        : Infinity;

const golden = goldenJson("edge_cases.json") as EdgeCases;
const instruments = Object.keys(golden.inputs_as_stored_f32);
const panel: Panel<"market"> = panelOf({
  role: "market",
  time: { freq: "day", days: Int32Array.from(golden.days, dayOf) },
  instruments,
  first: new Int32Array(instruments.length),
  last: new Int32Array(instruments.length).fill(golden.days.length - 1),
  columns: ["close", "volume"].map((name) => ({
    name,
    values: Float32Array.from(
      golden.days.length === 0
        ? []
        : golden.days.flatMap((_, row) =>
            instruments.map((instrument) => numberOf(golden.inputs_as_stored_f32[instrument]![name]![row]!)),
          ),
    ),
  })),
});

/** The README's advice; first match wins. */
const tolerances: readonly (readonly [RegExp, { readonly relative: number; readonly absolute: number }])[] = [
  [/^(Skew|Kurt)\(/, { relative: 1e-3, absolute: 1e-4 }],
  [/^Corr\(/, { relative: 0, absolute: 1e-6 }],
  [/^Cov\(/, { relative: 1e-6, absolute: 1e-13 }],
  [/^(Std|Var|Rsquare)\(/, { relative: 1e-6, absolute: 0 }],
  [/^(Slope|Resi)\(/, { relative: 1e-9, absolute: 0 }],
  [/^Power\(/, { relative: 1.2e-7, absolute: 0 }],
  [/./, { relative: 1e-12, absolute: 0 }],
];

/**
 * Where Qlib's own recursions have no digits left (README, "path-dependence"): E7 puts 1.7e7 beside 0.1 and 3e38 beside
 * 1e-7, and what has left a window stays in the running sums; on E3 two days of ±3 stay beside 1e-6.
 */
const noise: readonly { readonly expression: RegExp; readonly instrument: string; readonly row?: number }[] =
  [
    { expression: /^(Std|Var|Slope|Rsquare|Resi)\(.*,[1-9]/, instrument: "E7" },
    { expression: /^(Skew|Kurt)\(/, instrument: "E7" },
    { expression: /^(Std|Var|Skew)\(.*,3\)/, instrument: "E3", row: 13 },
  ];

const backends: readonly (readonly [string, EvaluationOptions])[] = [
  ["js", { backend: "js" }],
  ["wasm", { backend: "wasm" }],
];

test.each(backends)("by %s every expression on every instrument is what Qlib gives", (_name, options) => {
  const expressions = Object.keys(golden.results);
  const columns = evaluateExpressions(expressions, panel, { ...options, precision: "f64" });
  const problems: string[] = [];
  let compared = 0;
  let skipped = 0;
  for (const [index, expression] of expressions.entries()) {
    const { relative, absolute } = tolerances.find(([pattern]) => pattern.test(expression))![1];
    for (const [lane, instrument] of instruments.entries()) {
      const theirs = golden.results[expression]![instrument]!.native.map(numberOf);
      const ours = theirs.map((_, row) => columns[index]!.values[row * instruments.length + lane]!);
      const wrong = theirs.flatMap((value, row) => {
        compared++;
        if (
          noise.some(
            (each) =>
              each.instrument === instrument && each.expression.test(expression) && (each.row ?? row) === row,
          )
        ) {
          skipped++;
          return [];
        }
        const own = ours[row]!;
        if (own === value || (Number.isNaN(own) && Number.isNaN(value))) return [];
        return Math.abs(own - value) <= absolute + relative * Math.abs(value)
          ? []
          : [`${row}: ${own}, Qlib ${value}`];
      });
      if (wrong.length > 0) problems.push(`${expression} ${instrument} ${wrong.join("; ")}`);
    }
  }
  expect(compared).toBeGreaterThan(10_000);
  expect(skipped / compared).toBeLessThan(0.025);
  expect(problems).toEqual([]);
});
