import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../src/expression/ir/build.ts";
import { evaluateExpressions } from "../../src/expression/run/evaluate.ts";
import { macd, trix } from "../../src/factors/technical/convergence.ts";
import { expressionOf, startingAt, type Line } from "../../src/factors/technical/line.ts";
import { dema, ema, tema } from "../../src/factors/technical/moving-average.ts";
import { panelOf, type Panel } from "../../src/panel/panel.ts";
import { golden } from "./shared-data.ts";
import { rowsOfExtremes, taLib, unsupported, unsupportedColumns } from "./talib-functions.ts";

/** Every numeric function of real TA-Lib against the catalogue's builders, with float64 fields: masks exactly. */
interface Manifest {
  readonly files: readonly { readonly file: string; readonly input: string }[];
  readonly columns: Readonly<
    Record<
      string,
      {
        readonly function: string;
        readonly params: Readonly<Record<string, number>>;
        readonly outputs: readonly { readonly column: string }[];
      }
    >
  >;
}

const manifest = JSON.parse(readFileSync(golden("indicators", "talib", "manifest.json"), "utf8")) as Manifest;
const numeric = Object.entries(manifest.columns)
  .map(([key, column]) => ({ key, ...column }))
  .filter((column) => !column.function.startsWith("CDL"));
const files = manifest.files.filter(({ file }) => file.endsWith(".num.csv.gz"));

/** Columns of a CSV file of numbers by name; the first column is a date or an index and is left out. */
function table(...path: string[]): Map<string, Float64Array> {
  const bytes = readFileSync(golden("indicators", "talib", ...path));
  const text = (path.at(-1)!.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  const [head, ...rows] = text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(","));
  return new Map(
    head!
      .map((name, index) => [name, Float64Array.from(rows, (row) => Number(row[index]))] as const)
      .slice(1),
  );
}

function panelFrom(columns: ReadonlyMap<string, Float64Array>): Panel<"market"> {
  const rows = columns.get("close")!.length;
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: rows }, (_, row) => row) },
    instruments: ["X"],
    first: Int32Array.of(0),
    last: Int32Array.of(rows - 1),
    columns: [...columns].map(([name, values]) => ({ name, values })),
  });
}

/** Lines of a function and parameters as TA-Lib returns them: all outputs begin with the last of them. */
function linesOf(name: string, params: readonly number[]): readonly Line[] {
  const lines = taLib[name]!.lines(...params);
  const from = Math.max(...lines.map((line) => line.from));
  return lines.map((line) => startingAt(line, from));
}

function valuesAt(values: ArrayLike<number>, rows: ArrayLike<number>): Float64Array {
  return Float64Array.from(rows, (row) => values[row] ?? Number.NaN);
}

/** How one column differs, or null. The tolerance is a share of the column's largest value. */
function difference(ours: ArrayLike<number>, theirs: Float64Array, tolerance: number): string | null {
  let scale = 0;
  for (const value of theirs) if (value - value === 0) scale = Math.max(scale, Math.abs(value));
  let worst = 0;
  let at = -1;
  for (let row = 0; row < theirs.length; row++) {
    const [a, b] = [ours[row]!, theirs[row]!];
    if (Object.is(a, b) || a === b) continue;
    if (!Number.isFinite(a) || !Number.isFinite(b)) return `row ${row}: ${a}, TA-Lib has ${b}`;
    if (Math.abs(a - b) > worst) [worst, at] = [Math.abs(a - b), row];
  }
  if (worst <= tolerance * scale) return null;
  return `row ${at}: ${ours[at]}, TA-Lib has ${theirs[at]}, off by ${(worst / scale).toExponential(1)} of scale`;
}

test("every numeric function is either compared or named with a reason why not", () => {
  const names = [...new Set(numeric.map((column) => column.function))].sort();
  expect([...Object.keys(taLib), ...Object.keys(unsupported)].sort()).toEqual(names);
  const keys = numeric.map(({ key }) => key);
  expect(Object.keys(unsupportedColumns).filter((key) => !keys.includes(key))).toEqual([]);
});

test("seeded by the first value, exponential means are TA-Lib's in Metastock's way", () => {
  const theirs = table("outputs", "a1_first300.metastock.csv.gz");
  const input = table("inputs", "a1_sh600519.csv");
  const panel = panelFrom(new Map([...input].map(([name, values]) => [name, values.subarray(0, 300)])));
  const close = "$close";
  const { line, signal, histogram } = macd({ fast: 12, slow: 26, signal: 9, seeding: "first" });
  const lines: Readonly<Record<string, Line>> = {
    "EMA(30).outReal": ema(close, 30, "first"),
    "EMA(10).outReal": ema(close, 10, "first"),
    "DEMA(10).outReal": dema(close, 10, "first"),
    "TEMA(10).outReal": tema(close, 10, "first"),
    "TRIX(12).outReal": trix(close, 12, "first"),
    "MACD(12;26;9).outMACD": startingAt(line, signal.from),
    "MACD(12;26;9).outMACDSignal": signal,
    "MACD(12;26;9).outMACDHist": histogram,
  };
  const expressions = Object.entries(lines).map(([name, of]) => ({ name, expression: expressionOf(of) }));
  const ours = evaluateExpressions(buildGraph(expressions, { fields: "f64" }), panel, { precision: "f64" });
  const problems = ours.map(({ name, values }) => [name, difference(values, theirs.get(name)!, 1e-12)]);
  expect(problems.filter(([, problem]) => problem !== null)).toEqual([]);
});

describe.each(files)("$file", ({ file, input }) => {
  const theirs = table(file);
  const panel = panelFrom(table(input));

  test("has the values and the missing rows that TA-Lib has", () => {
    const compared = numeric.filter(
      ({ key, function: name }) => Object.hasOwn(taLib, name) && !Object.hasOwn(unsupportedColumns, key),
    );
    const expressions = compared.flatMap((column) => {
      const lines = linesOf(column.function, Object.values(column.params));
      return column.outputs.map((output, index) => ({
        name: output.column.replaceAll(",", ";"),
        expression: expressionOf(lines[index]!),
        tolerance: taLib[column.function]!.tolerance ?? 1e-12,
        isRow: rowsOfExtremes.has(column.function),
      }));
    });
    const graph = buildGraph(expressions, { fields: "f64" });
    const ours = evaluateExpressions(graph, panel, { precision: "f64" });
    const close = panel.columns.get("close")!.values;
    const problems = expressions.flatMap(({ name, tolerance, isRow }, index) => {
      const found = isRow
        ? difference(valuesAt(close, ours[index]!.values), valuesAt(close, theirs.get(name)!), 0)
        : difference(ours[index]!.values, theirs.get(name)!, tolerance);
      return found === null ? [] : [`${name} ${found}`];
    });
    expect(problems).toEqual([]);
    expect(expressions.length).toBeGreaterThan(150);
  });
});
