import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { findFactor } from "../../src/factors/catalogue.ts";
import { computeFactors } from "../../src/factors/compute.ts";
import { panelOf, type Panel } from "../../src/panel/panel.ts";
import { golden } from "./shared-data.ts";

/**
 * Factors of `base` and `fund` that real TA-Lib computes too, on its own real inputs, wherever TA-Lib has a value. Fields
 * are float32 here and float64 there, so agreement is to float32's share of the prices.
 */
const SERIES = ["a1_sh600519", "b_btc", "c_jump", "d_short40"] as const;

/** n of the sample against n of the population. */
const variance = (rows: number): number => rows / (rows - 1);

/** Factor → TA-Lib's column, and what its values are multiplied by. */
const counterparts: readonly (readonly [factor: string, column: string, times: number])[] = [
  ["MEAN_10", "SMA(10).outReal", 1],
  ["MEAN_30", "SMA(30).outReal", 1],
  ["SUM_10", "SUM(10).outReal", 1],
  ["SUM_30", "SUM(30).outReal", 1],
  ["MAX_10", "MAX(10).outReal", 1],
  ["MAX_30", "MAX(30).outReal", 1],
  ["MIN_10", "MIN(10).outReal", 1],
  ["MIN_30", "MIN(30).outReal", 1],
  ["STD_5", "STDDEV(5;1.0).outReal", Math.sqrt(variance(5))],
  ["STD_20", "STDDEV(20;2.0).outReal", Math.sqrt(variance(20)) / 2],
  ["VAR_5", "VAR(5;1.0).outReal", variance(5)],
  ["VAR_20", "VAR(20;2.0).outReal", variance(20)],
  ["SLOPE_20", "LINEARREG_SLOPE(20).outReal", 1],
  ["DELTA_5", "MOM(5).outReal", 1],
  ["DELTA_10", "MOM(10).outReal", 1],
  ["CHANGE_10", "ROCP(10).outReal", 1],
  ["price_change_5d", "ROCP(5).outReal", 1],
  ["momentum_5d", "ROCP(5).outReal", 1],
];

function table(...path: string[]): ReadonlyMap<string, Float64Array> {
  const bytes = readFileSync(golden("indicators", "talib", ...path));
  const text = (path.at(-1)!.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  const [head, ...rows] = text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(","));
  return new Map(
    head!.slice(1).map((name, index) => [name, Float64Array.from(rows, (row) => Number(row[index + 1]))]),
  );
}

/** `volume` is replaced by what CORREL was given, where asked. */
function panelFrom(input: ReadonlyMap<string, Float64Array>, volume = "volume"): Panel<"market"> {
  const rows = input.get("close")!.length;
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: rows }, (_, row) => row) },
    instruments: ["X"],
    first: Int32Array.of(0),
    last: Int32Array.of(rows - 1),
    columns: ["open", "high", "low", "close", "volume"].map((name) => ({
      name,
      values: input.get(name === "volume" ? volume : name)!,
    })),
  });
}

function valuesOf(name: string, panel: Panel<"market">, backend: "wasm" | "js"): ArrayLike<number> {
  const { columns, failures } = computeFactors({ factors: [findFactor(name)!.factor] }, panel, {
    precision: "f64",
    backend,
  });
  if (failures.length > 0) throw failures[0]!.error;
  return columns[0]!.values;
}

/** Rows that TA-Lib has and that differ by more than the tolerance. */
function differing(
  ours: ArrayLike<number>,
  theirs: Float64Array,
  { times, tolerance }: { readonly times: number; readonly tolerance: number },
): { readonly compared: number; readonly found: readonly string[] } {
  const found: string[] = [];
  let compared = 0;
  for (const [row, value] of theirs.entries()) {
    if (Number.isNaN(value)) continue;
    compared++;
    if (!(Math.abs(ours[row]! - value * times) <= tolerance))
      found.push(`row ${row}: ${ours[row]}, ${value * times}`);
  }
  return { compared, found };
}

const FLOAT32 = 2 ** -23;

describe.each(["wasm", "js"] as const)("through %s", (backend) => {
  describe.each(SERIES)("on %s", (series) => {
    const input = table("inputs", `${series}.csv`);
    const output = table("outputs", `${series}.num.csv.gz`);
    const price = Math.max(...input.get("close")!);
    const panel = panelFrom(input);

    test.each(counterparts)("%s is TA-Lib's %s", (name, column, times) => {
      const theirs = output.get(column)!;
      const scale = Math.max(...theirs.filter((value) => !Number.isNaN(value)).map(Math.abs), 0) * times;
      // A variance moves by its deviation times twice the rounding of a price, a change by the rounding itself.
      const tolerance = name.startsWith("VAR")
        ? FLOAT32 * 2 * price * Math.sqrt(scale)
        : /change|momentum|CHANGE/.test(name)
          ? FLOAT32 * 2 * (1 + scale)
          : FLOAT32 * Math.max(price, scale);
      const { compared, found } = differing(valuesOf(name, panel, backend), theirs, { times, tolerance });
      expect(found).toEqual([]);
      expect(compared).toBe(theirs.filter((value) => !Number.isNaN(value)).length);
      if (series !== "d_short40") expect(compared).toBeGreaterThan(250);
    });

    // A constant window has no correlation in Qlib and 0 in TA-Lib.
    test.each(series === "c_jump" ? [] : [10, 30])("CORR_%i is TA-Lib's CORREL of its inputs", (rows) => {
      const theirs = output.get(`CORREL(${rows}).outReal`)!;
      const ours = valuesOf(`CORR_${rows}`, panelFrom(input, "real1"), backend);
      const { compared, found } = differing(ours, theirs, { times: 1, tolerance: 2e-5 });
      expect(found).toEqual([]);
      expect(compared).toBeGreaterThan(10);
    });
  });
});
