import { beforeAll, describe, expect, test } from "vitest";
import { readQlibPanel } from "../../src/data/sources/qlib-bin/panel.ts";
import type { RunStatistics } from "../../src/expression/run/block-engine.ts";
import {
  evaluateExpressions,
  type EvaluatedColumn,
  type EvaluationOptions,
} from "../../src/expression/run/evaluate.ts";
import { factorSet } from "../../src/factors/catalogue.ts";
import { computeFactors } from "../../src/factors/compute.ts";
import type { Panel } from "../../src/panel/panel.ts";
import {
  cellsOf,
  differenceOf,
  goldenMatrix,
  holding,
  withArchive,
  type Matrix,
  type Tolerance,
} from "./qlib-golden.ts";

/** What the goldens' README asks of a backend, by factor; how many cells must be equal bit for bit. */
interface Demand {
  readonly options: EvaluationOptions;
  readonly tolerance: (name: string) => Tolerance;
  readonly bitEqual: number;
}

const strict: Omit<Demand, "options"> = {
  tolerance: () => ({ relative: 1e-5, absolute: 1e-6 }),
  bitEqual: 0.999,
};
const NEAR_ZERO = /^(CORR|CORD|WVMA|RSQR)/;
const demands: Readonly<Record<string, Demand>> = {
  js: { ...strict, options: { backend: "js" } },
  "wasm float64": { ...strict, options: { backend: "wasm", lanes: "float64" } },
  "wasm mixed": {
    options: { backend: "wasm", lanes: "mixed" },
    tolerance: (name) =>
      NEAR_ZERO.test(name) ? { relative: 1e-4, absolute: 1e-4 } : { relative: 1e-5, absolute: 1e-5 },
    bitEqual: 0,
  },
};
const LABEL = "LABEL0";
let panel: Panel<"market">;

beforeAll(async () => {
  panel = await withArchive("qlib-bin-store.tar.gz", (folder) => readQlibPanel(holding(folder, "calendars")));
});

function columnsOf(set: string, options: EvaluationOptions): ReadonlyMap<string, EvaluatedColumn> {
  const { columns, failures } = computeFactors(factorSet(set), panel, options);
  expect(failures).toEqual([]);
  const label = evaluateExpressions(
    [{ name: LABEL, expression: "Ref($close, -2)/Ref($close, -1) - 1" }],
    panel,
    options,
  );
  return new Map([...columns, ...label].map((column) => [column.name, column]));
}

function compare(
  matrix: Matrix,
  columns: ReadonlyMap<string, EvaluatedColumn>,
  demand: Demand,
): { cells: number; bitEqual: number } {
  let cells = 0;
  let bitEqual = 0;
  const problems: string[] = [];
  for (const [index, name] of matrix.columns.entries()) {
    const ours = cellsOf(matrix, panel, columns.get(name)!.values);
    const difference = differenceOf(ours.values, matrix.column(index), demand.tolerance(name));
    if (difference.maskMismatches > 0 || difference.outside > 0) {
      problems.push(
        `${name}: ${difference.maskMismatches} masks, ${difference.outside} outside, ${difference.worst}`,
      );
    }
    if (difference.compared >= 5_000 && difference.bitEqual < demand.bitEqual * difference.compared) {
      problems.push(`${name}: only ${difference.bitEqual} of ${difference.compared} cells are bit-equal`);
    }
    cells += difference.compared;
    bitEqual += difference.bitEqual;
  }
  expect(problems).toEqual([]);
  return { cells, bitEqual };
}

describe.each([
  ["alpha158", "alpha158"],
  ["alpha158_window", "alpha158"],
  ["alpha360", "alpha360"],
])("golden %s", (file, set) => {
  test("has the names and expressions of our table, in its order", () => {
    const matrix = goldenMatrix(file);
    const ours = factorSet(set).factors;
    expect(matrix.columns.filter((name) => name !== LABEL)).toEqual(ours.map(({ name }) => name));
    expect(matrix.expressions!.slice(0, ours.length)).toEqual(ours.map(({ expression }) => expression));
  });

  test.each(Object.entries(demands))(
    "is matched by %s without one NaN or inf mismatch",
    (backend, demand) => {
      const statistics: RunStatistics[] = [];
      const options = { ...demand.options, onStatistics: (each: RunStatistics) => statistics.push(each) };
      const { cells, bitEqual } = compare(goldenMatrix(file), columnsOf(set, options), demand);
      expect(statistics.some(({ chunks, masked }) => chunks > masked && masked > 0)).toBe(backend !== "js");
      console.log(
        `${file} by ${backend}: ${bitEqual} of ${cells} cells bit-equal, ${((100 * bitEqual) / cells).toFixed(4)} %`,
      );
      expect(cells).toBeGreaterThan(0);
      expect(bitEqual / cells).toBeGreaterThanOrEqual(demand.bitEqual);
    },
  );
});
