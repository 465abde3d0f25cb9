import { beforeAll, describe, expect, test } from "vitest";
import { readQlibPanel } from "../../src/data/sources/qlib-bin/panel.ts";
import { evaluateExpressions, type EvaluationOptions } from "../../src/expression/run/evaluate.ts";
import { seriesOf, type Panel } from "../../src/panel/panel.ts";
import {
  cellsOf,
  differenceOf,
  goldenMatrix,
  goldenNames,
  holding,
  withArchive,
  type Matrix,
  type Tolerance,
} from "./qlib-golden.ts";

let panel: Panel<"market">;

beforeAll(async () => {
  panel = await withArchive("qlib-bin-store.tar.gz", (folder) => readQlibPanel(holding(folder, "calendars")));
});

const FLOAT32_ULP = 1.2e-7;

/** The README's advice by operator; an expression takes the widest of those it holds. */
const byOperator: readonly (readonly [RegExp, Tolerance])[] = [
  [/\b(Skew|Kurt)\(/, { relative: 1e-3, absolute: 1e-4 }],
  [/\bCorr\(/, { relative: 0, absolute: 1e-6 }],
  [/\b(Std|Var|Rsquare|Cov)\(|'sem'/, { relative: 1e-6, absolute: 0 }],
  // Over a float64 operand Qlib's recursion keeps rounding errors of the operand's size.
  [/\b(Slope|Resi)\((EMA|Mean|Log|1\/|.*\/)/, { relative: 1e-9, absolute: 1e-8 }],
  [/\b(Slope|Resi)\(/, { relative: 1e-9, absolute: 0 }],
  [/./, { relative: 1e-12, absolute: 0 }],
];

function toleranceOf(expression: string, single: boolean): Tolerance {
  const native = byOperator.find(([pattern]) => pattern.test(expression))![1];
  const powers = /Power|\*\*/.test(expression);
  const relative = single || powers ? Math.max(native.relative, FLOAT32_ULP) : native.relative;
  return { relative, absolute: native.absolute };
}

/** Cov near 0 is rounding noise of the products: 1e-12 of the stock's largest one. */
function covarianceFloor(expression: string, matrix: Matrix): ((row: number) => number) | undefined {
  const fields = /^Cov\(\$(\w+),\$(\w+),/.exec(expression);
  if (fields === null) return undefined;
  const floors = matrix.index.instruments.map((instrument) => {
    const lane = panel.instruments.indexOf(instrument);
    const largest = (name: string): number => {
      let most = 0;
      for (const value of seriesOf(panel, name, lane)) most = Math.max(most, Math.abs(value) || 0);
      return most;
    };
    return 1e-12 * largest(fields[1]!) * largest(fields[2]!);
  });
  return (row) => floors[matrix.index.row_instrument[row]!]!;
}

/** The penny stock of the generator: Qlib's short-window kurtosis is off there by up to 0.8. */
const PENNY = "SH600008";

/** Cells that may differ although all is well: ranks of correlations that differ by rounding only. */
function allowedOutside(expression: string, cells: number): number {
  return expression.startsWith("Rank(Corr(") ? cells / 1000 : 0;
}

function compare(matrix: Matrix, single: boolean, options: EvaluationOptions): string[] {
  const problems: string[] = [];
  const columns = evaluateExpressions([...matrix.columns], panel, {
    ...options,
    precision: single ? "f32" : "f64",
  });
  const penny = matrix.index.instruments.indexOf(PENNY);
  for (const [index, expression] of matrix.columns.entries()) {
    const ours = cellsOf(matrix, panel, columns[index]!.values).values;
    const theirs = matrix.column(index);
    // One valid point over a float64 operand is 0/0 in Qlib only if its recursion cancels exactly; else ±inf.
    const nestedRegression = /\b(Slope|Resi|Rsquare)\((?!\$\w+,)/.test(expression);
    const shortKurt = /^Kurt\(.*,[45]\)$/.test(expression);
    const floor = covarianceFloor(expression, matrix);
    const difference = differenceOf(ours, theirs, {
      ...toleranceOf(expression, single),
      ...(floor === undefined ? {} : { floor }),
      skip: (row) =>
        (shortKurt && matrix.index.row_instrument[row] === penny) ||
        (nestedRegression && Math.abs(theirs[row]!) === Infinity && Number.isNaN(ours[row]!)),
    });
    if (
      difference.maskMismatches > 0 ||
      difference.outside > allowedOutside(expression, difference.compared)
    ) {
      problems.push(
        `${expression}: ${difference.maskMismatches} masks, ${difference.outside} outside, ${difference.worst}`,
      );
    }
  }
  return problems;
}

const backends: readonly (readonly [string, EvaluationOptions])[] = [
  ["js", { backend: "js" }],
  ["wasm", { backend: "wasm" }],
  ["wasm in float64 lanes", { backend: "wasm", lanes: "float64" }],
];

describe.each(backends)("by %s", (_name, options) => {
  test("float32 results of every operator are Qlib's", () => {
    expect(compare(goldenMatrix("ops_f32"), true, options)).toEqual([]);
  });

  test("float64 results of every operator before the cast are Qlib's", () => {
    expect(compare(goldenMatrix("ops_native_f64"), false, options)).toEqual([]);
  });
});

test("element types before the cast are Qlib's", () => {
  const numpy: Readonly<Record<string, readonly string[]>> = {
    f32: ["float32"],
    f64: ["float64"],
    bool: ["bool"],
    i64: ["int64", "int8"],
    object: ["object"],
  };
  const { per_column: described } = goldenMatrix("ops_f32");
  const columns = evaluateExpressions(
    described!.map(({ expr }) => expr),
    panel,
  );
  const wrong = described!
    .map(({ expr, native_dtype: types }, index) => ({ expr, types, ours: columns[index]!.type }))
    .filter(({ types, ours }) => !types.every((type) => numpy[ours]!.includes(type)));
  expect(wrong).toEqual([]);
});

describe("expressions over another instrument", () => {
  const names = goldenNames(/^ops_special_.*\.json$/).map((name) => name.replace(/\.json$/, ""));

  test("are there to compare", () => {
    expect(names.length).toBeGreaterThan(0);
  });

  const both = names.flatMap((name) =>
    backends.map(([backend, options]) => [name, backend, options] as const),
  );

  test.each(both)("%s by %s equals Qlib on every row of the stock itself", (name, _backend, options) => {
    const matrix = goldenMatrix(name);
    const [column] = evaluateExpressions([matrix.expr!], panel, options);
    const { values, own } = cellsOf(matrix, panel, column!.values);
    const difference = differenceOf(values, matrix.column(0), {
      relative: 0,
      absolute: 0,
      skip: (row) => own[row] === 0,
    });
    expect(difference).toMatchObject({ maskMismatches: 0, outside: 0 });
    expect(difference.compared).toBeGreaterThan(1000);
  });
});
