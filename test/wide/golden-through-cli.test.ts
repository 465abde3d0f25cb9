/** Real Qlib against the command line itself: unpacked store in, Parquet out, row for row and cell for cell. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readQlibPanel } from "../../src/data/sources/qlib-bin/panel.ts";
import { evaluateExpressions } from "../../src/expression/run/evaluate.ts";
import { isoOf } from "../../src/market/day.ts";
import { alphaloom, jsonOf } from "../end-to-end/command-line.ts";
import { readFactors, type WrittenFactors } from "../end-to-end/written-factors.ts";
import {
  cellsOf,
  differenceOf,
  goldenFolder,
  goldenMatrix,
  holding,
  type Matrix,
} from "../golden/qlib-golden.ts";
import { unpacked } from "../golden/unpacked.ts";

let store: string;
let folder: string;
beforeAll(async () => {
  store = holding(await unpacked(join(goldenFolder(), "qlib-bin-store.tar.gz")), "calendars");
  folder = mkdtempSync(join(tmpdir(), "golden-cli-"));
});

interface Failure {
  readonly name: string;
  readonly code: string;
}

async function evaluate(
  name: string,
  argv: readonly string[],
  failures: readonly Failure[] = [],
): Promise<WrittenFactors> {
  const out = join(folder, `${name}.parquet`);
  const from = ["--source", `qlib:${store}`];
  const answer = await alphaloom(folder, ["factors", "eval", ...from, ...argv, "--out", out, "--json"]);
  expect(answer.code, answer.err).toBe(failures.length === 0 ? 0 : 3);
  const told = jsonOf(answer) as { ok: boolean; generation: null; failures: Failure[] };
  expect(told).toMatchObject({ ok: failures.length === 0, generation: null });
  expect(told.failures.map(({ name: factor, code }) => ({ name: factor, code }))).toEqual(failures);
  return readFactors(out);
}

const rowsOf = (matrix: Matrix): string[] =>
  matrix.index.row_instrument.map(
    (instrument, row) =>
      `${matrix.index.instruments[instrument]} ${matrix.index.calendar[matrix.index.row_day[row]!]}`,
  );

const keysOf = (written: WrittenFactors): string[] =>
  written.instruments.map((instrument, row) => `${instrument} ${isoOf(written.days[row]!)}`);

test("Alpha158 has Qlib's rows and values; at least 99.9 % of the cells are bit-equal in float32", async () => {
  const golden = goldenMatrix("alpha158");
  const written = await evaluate("alpha158", ["--set", "alpha158", "--precision", "f64"]);
  expect(written.columns.slice(0, 2)).toEqual([
    { name: "instrument", type: "VARCHAR" },
    { name: "datetime", type: "DATE" },
  ]);
  const names = golden.columns.filter((name) => name !== "LABEL0");
  expect(written.columns.slice(2)).toEqual(names.map((name) => ({ name, type: "DOUBLE" })));
  expect(keysOf(written)).toEqual(rowsOf(golden));
  let cells = 0;
  let bitEqual = 0;
  const problems: string[] = [];
  for (const [index, name] of golden.columns.entries()) {
    if (name === "LABEL0") continue;
    const ours = Float32Array.from(written.values.get(name)!);
    const difference = differenceOf(ours, golden.column(index), { relative: 1e-5, absolute: 1e-6 });
    if (difference.maskMismatches + difference.outside > 0) problems.push(`${name}: ${difference.worst}`);
    cells += difference.compared;
    bitEqual += difference.bitEqual;
  }
  console.log(`alpha158 through the command line: ${bitEqual} of ${cells} cells bit-equal`);
  expect(problems).toEqual([]);
  expect(cells).toBe(158 * golden.rows);
  expect(bitEqual / cells).toBeGreaterThanOrEqual(0.999);
});

/** What cannot be written: a column that DuckDB cannot tell from another. */
const refused: readonly Failure[] = [{ name: "Mean($Close,5)", code: "CLI_NAME_TAKEN" }];

/** Operators that the README says are exact in float64 (relative 1e-12), over a field. */
const exact = /^(Mean|Sum|Max|Min|Med|Mad|Rank|Count|IdxMax|IdxMin|WMA|EMA|Quantile|Ref|Delta)\(\$\w+,/;

test("every operator through --expr-file has Qlib's rows, and the values of the evaluator bit for bit", async () => {
  const golden = goldenMatrix("ops_native_f64");
  writeFileSync(join(folder, "operators.txt"), golden.columns.join("\n"));
  const argv = [
    "--expr-file",
    "operators.txt",
    "--precision",
    "f64",
    "--codes",
    golden.index.instruments.join(","),
  ];
  const written = await evaluate("operators", argv, refused);
  const left = new Set(refused.map(({ name }) => name));
  expect(written.columns.slice(2).map(({ name }) => name)).toEqual(
    golden.columns.filter((each) => !left.has(each)),
  );
  expect(keysOf(written)).toEqual(rowsOf(golden));
  const panel = readQlibPanel(store, { instruments: golden.index.instruments });
  const columns = evaluateExpressions([...golden.columns], panel, { precision: "f64" });
  const problems: string[] = [];
  let compared = 0;
  for (const [index, expression] of golden.columns.entries()) {
    if (left.has(expression)) continue;
    const ours = written.values.get(expression)!;
    const direct = differenceOf(ours, cellsOf(golden, panel, columns[index]!.values).values, {
      relative: 0,
      absolute: 0,
    });
    if (direct.bitEqual !== direct.compared)
      problems.push(`${expression} differs from the evaluator: ${direct.worst}`);
    if (!exact.test(expression)) continue;
    const difference = differenceOf(ours, golden.column(index), { relative: 1e-12, absolute: 0 });
    if (difference.maskMismatches + difference.outside > 0)
      problems.push(`${expression}: ${difference.worst}`);
    compared++;
  }
  expect(problems).toEqual([]);
  expect(compared).toBeGreaterThan(60);
});
