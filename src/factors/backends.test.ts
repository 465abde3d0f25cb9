import { describe, expect, test } from "vitest";
import { evaluateExpressions, type EvaluationOptions } from "#expression/run/evaluate";
import type { RunStatistics } from "#expression/run/block-engine";
import { panelOf, type Panel } from "#panel/panel";
import { factorSets } from "./catalogue.ts";
import { factorGraph } from "./compute.ts";

/**
 * Every shipped set by every backend over bars with suspensions, days without volume, late listings and delistings:
 * equal where float64 lanes do the work, close where a set allows float32 lanes, and never a different gap.
 */
const ROWS = 400;
const FIELDS = ["open", "high", "low", "close", "vwap", "volume", "amount"] as const;

function market(): Panel<"market"> {
  let state = 2_026;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const instruments = ["A", "B", "C", "D", "E"];
  const columns = FIELDS.map((name) => ({
    name,
    values: new Float32Array(ROWS * instruments.length).fill(Number.NaN),
  }));
  for (let lane = 0; lane < instruments.length; lane++) {
    let close = 5 + 40 * next();
    let suspended = 0;
    for (let row = 0; row < ROWS; row++) {
      const open = close * (1 + 0.02 * (next() - 0.5));
      close = Math.max(0.5, Math.round(100 * open * (1 + 0.05 * (next() - 0.5))) / 100);
      if (next() < 0.01 && lane !== 0) suspended = 1 + Math.floor(30 * next());
      if (suspended-- > 0) continue;
      const flat = next() < 0.03;
      const high = flat ? close : Math.max(open, close) * (1 + 0.01 * next());
      const low = flat ? close : Math.min(open, close) * (1 - 0.01 * next());
      const volume = next() < 0.02 ? 0 : Math.floor(1e4 + 1e6 * next());
      const bar = [flat ? close : open, high, low, close, (high + low + close) / 3, volume, volume * close];
      for (const [field, value] of bar.entries())
        columns[field]!.values[row * instruments.length + lane] = value;
    }
  }
  return panelOf({
    role: "market",
    time: {
      freq: "day",
      days: Int32Array.from({ length: ROWS }, (_, row) => 19_000 + row + 2 * Math.floor(row / 5)),
    },
    instruments,
    first: Int32Array.of(0, 0, 130, 0, 395),
    last: Int32Array.of(399, 399, 399, 250, 399),
    columns,
  });
}

interface Difference {
  readonly gaps: number;
  /** Largest |a − b| over what is allowed. */
  readonly worst: number;
}

function differenceOf(a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number): Difference {
  let gaps = 0;
  let worst = 0;
  for (let at = 0; at < a.length; at++) {
    const [x, y] = [a[at]!, b[at]!];
    if (Number.isNaN(x) !== Number.isNaN(y) || (x !== y && !Number.isFinite(x - y) && !Number.isNaN(x)))
      gaps++;
    else if (x !== y && !Number.isNaN(x))
      worst = Math.max(worst, Math.abs(x - y) / (tolerance + tolerance * Math.abs(y)));
  }
  return { gaps, worst };
}

const panel = market();

describe.each(factorSets.map((set) => [set.name, set] as const))("%s", (_name, set) => {
  const { graph, failures } = factorGraph(set, panel);
  const by = (options: EvaluationOptions): ReturnType<typeof evaluateExpressions> =>
    evaluateExpressions(graph, panel, options);

  test("every factor is computed", () => {
    expect(failures).toEqual([]);
    expect(graph.outputs).toHaveLength(set.factors.length);
  });

  test.each([
    ["in float64", { precision: "f64", lanes: "float64" }, 1e-9],
    ["in float64 lanes, delivered as float32", { precision: "f32", lanes: "float64" }, 2e-7],
    ["in the lanes the planner chooses", { precision: "f32", lanes: "mixed" }, 1e-5],
  ] as const)("vector code %s gives what the reference backend gives", (_title, options, tolerance) => {
    const seen: RunStatistics[] = [];
    const ours = by({ ...options, backend: "wasm", onStatistics: (each) => seen.push(each) });
    const theirs = by({ precision: options.precision, backend: "js" });
    const wrong = ours.flatMap(({ name: factor, values }, index) => {
      const { gaps, worst } = differenceOf(values, theirs[index]!.values, tolerance);
      const allowed = /^(CORR|CORD|RSQR|RSQUARE|WVMA|SKEW|KURT)/.test(factor) ? 10 : 1;
      return gaps > 0 || worst > allowed
        ? [`${factor}: ${gaps} gaps, ${worst.toExponential(1)} of the tolerance`]
        : [];
    });
    expect(wrong).toEqual([]);
    // The vector code really ran, or the set is one of kernels only.
    expect(seen[0]!.chunks).toBeGreaterThan(0);
    expect(seen[0]!.masked).toBeGreaterThan(0);
  });
});
