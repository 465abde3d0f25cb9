import { beforeAll, describe, expect, test } from "vitest";
import { readQlibPanel } from "../../src/data/sources/qlib-bin/panel.ts";
import { evaluateExpressions, type EvaluatedColumn } from "../../src/expression/run/evaluate.ts";
import { factorSet } from "../../src/factors/catalogue.ts";
import { computeFactors } from "../../src/factors/compute.ts";
import type { Panel } from "../../src/panel/panel.ts";
import { cellsOf, differenceOf, goldenMatrix, holding, withArchive, type Matrix } from "./qlib-golden.ts";

const tolerance = { relative: 1e-5, absolute: 1e-6 };
const LABEL = "LABEL0";
let panel: Panel<"market">;

beforeAll(async () => {
  panel = await withArchive("qlib-bin-store.tar.gz", (folder) => readQlibPanel(holding(folder, "calendars")));
});

function columnsOf(set: string): ReadonlyMap<string, EvaluatedColumn> {
  const { columns, failures } = computeFactors(factorSet(set), panel);
  expect(failures).toEqual([]);
  const label = evaluateExpressions(
    [{ name: LABEL, expression: "Ref($close, -2)/Ref($close, -1) - 1" }],
    panel,
  );
  return new Map([...columns, ...label].map((column) => [column.name, column]));
}

function compare(
  matrix: Matrix,
  columns: ReadonlyMap<string, EvaluatedColumn>,
): { cells: number; bitEqual: number } {
  let cells = 0;
  let bitEqual = 0;
  const problems: string[] = [];
  for (const [index, name] of matrix.columns.entries()) {
    const ours = cellsOf(matrix, panel, columns.get(name)!.values);
    const difference = differenceOf(ours.values, matrix.column(index), tolerance);
    if (difference.maskMismatches > 0 || difference.outside > 0) {
      problems.push(
        `${name}: ${difference.maskMismatches} masks, ${difference.outside} outside, ${difference.worst}`,
      );
    }
    if (difference.compared >= 5_000 && difference.bitEqual < 0.999 * difference.compared) {
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

  test("is matched without one NaN or inf mismatch and at least 99.9 % of the cells bit for bit", () => {
    const { cells, bitEqual } = compare(goldenMatrix(file), columnsOf(set));
    console.log(
      `${file}: ${bitEqual} of ${cells} cells bit-equal, ${((100 * bitEqual) / cells).toFixed(4)} %`,
    );
    expect(cells).toBeGreaterThan(0);
    expect(bitEqual / cells).toBeGreaterThanOrEqual(0.999);
  });
});
