import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { panelOf, type Panel } from "#panel/panel";
import { buildGraph } from "../ir/build.ts";
import { planBlocks } from "../plan/block-plan.ts";
import type { RunStatistics } from "../run/block-engine.ts";
import { evaluateExpressions } from "../run/evaluate.ts";
import { lowerings } from "./lowerings.ts";
import { recurrenceLowerings } from "./recurrences.ts";

/**
 * Vector code against the reference kernels: the same missing values, and values within the rounding of another order of
 * the same sums. Expressions by operator, with windows in every place of the trees.
 */
const WINDOWS = [1, 2, 3, 5, 6, 10, 14, 20, 30, 60];
const over = (form: string): string[] => WINDOWS.map((rows) => form.replaceAll("N", String(rows)));

const expressions: Readonly<Record<string, readonly string[]>> = {
  Add: ["$close+$open", "$close+0.1", "Mean($close,3)+$open", "($close>$open)+($open>2)"],
  Sub: ["$close-$open", "1-$close", "$close-Mean($open,4)"],
  Mul: ["$close*$open", "2*$close", "1*($close>$open)", "Mean($close,3)*3"],
  Div: ["$close/$open", "1/$close", "Mean($close,3)/$volume", "$close/0"],
  Power: ["$close**2", "$close**0.5", "Mean($close,3)**2"],
  Abs: ["Abs($close-$open)", "Abs(Mean($close,3)-$open)"],
  Sign: ["Sign($close-$open)", "Sign(Mean($close,3)-$open)"],
  Atan: [
    "Atan($close-$open)",
    "Atan(($close-$open)/$open)",
    "Atan(Mean($close,3)-$open)",
    "Atan(1/($close-$open))",
  ],
  Log: ["Log($close)", "Log($volume/Ref($volume,1)+1)"],
  Greater: ["Greater($close,$open)", "Greater($close-$open,0)", "Greater(Mean($close,3),$open)"],
  Less: ["Less($close,$open)", "Less($close-$open,0)", "Less(Mean($close,3),$open)"],
  Gt: ["$close>$open", "$close>1.5", "Mean($close,3)>$open"],
  Ge: ["$close>=$open"],
  Lt: ["$close<$open"],
  Le: ["$close<=Mean($close,2)"],
  Eq: ["$close==$open"],
  Ne: ["$close!=$open"],
  And: ["($close>$open) & ($volume>0)"],
  Or: ["($close>$open) | ($volume>0)"],
  Not: ["Not($close>$open)"],
  If: ["If($close>$open,$close,$open)", "If($close,1.1,$open)", "If(Mean($close,2)>$open,Mean($close,3),0)"],
  Where: ["Where($close,$close>$open)", "Where(Mean($close,2),$open)"],
  Ref: over("Ref($close,N)").concat("Ref(Mean($close,3),4)"),
  Delta: over("Delta($close,N)"),
  WarmUp: over("WarmUp(Mean($close,3),N)"),
  Sum: over("Sum($close,N)").concat("Sum($close>$open,7)", "Sum(Mean($close,3),6)"),
  Count: over("Count($close,N)"),
  Mean: over("Mean($close,N)").concat("Mean($close>$open,7)", "Mean(Std($close,3),6)"),
  Std: over("Std($close,N)").concat("Std($close>$open,7)"),
  Var: over("Var($close,N)"),
  StdP: over("StdP($close,N)"),
  VarP: over("VarP($close,N)"),
  Skew: [3, 5, 6, 10, 20, 30].map((rows) => `Skew($close,${rows})`),
  Kurt: [4, 5, 6, 10, 20, 30].map((rows) => `Kurt($close,${rows})`),
  Mad: over("Mad($close,N)"),
  Slope: over("Slope($close,N)"),
  Rsquare: over("Rsquare($close,N)"),
  Resi: over("Resi($close,N)"),
  LWMA: over("LWMA($close,N)"),
  WMA: over("WMA($close,N)"),
  Corr: over("Corr($close,$open,N)").concat("Corr($close/Ref($close,1),$volume,6)"),
  Cov: over("Cov($close,$open,N)"),
  Max: over("Max($close,N)").concat("Max($close>$open,4)"),
  Min: over("Min($close,N)"),
  IdxMax: over("IdxMax($close,N)"),
  IdxMin: over("IdxMin($close,N)"),
  HighestBars: over("HighestBars($close,N)"),
  LowestBars: over("LowestBars($close,N)"),
  Rank: over("Rank($close,N)"),
  Quantile: over("Quantile($close,N,0.3)").concat("Quantile($close,6,0)", "Quantile($close,6,1)"),
  Med: over("Med($close,N)"),
  SeededEMA: [1, 4, 12]
    .map((rows) => `SeededEMA($close,${rows})`)
    .concat("SeededEMA(SeededEMA(Mean($close,2),3),4)"),
  Wilder: ["Wilder($close,5)", "Mean(Wilder(Abs(Delta($close,1)),3),4)"],
  WilderSum: ["WilderSum($close,5)"],
  DMA: ["DMA($close,0.3)", "DMA($close,Abs($open)/60)"],
  SAR: ["SAR($close,$open,0.02,0.2)"],
  EMA: ["EMA($close,5)", "EMA($close,0.3)"],
  "Sum 0": ["Sum($close,0)", "Mean($close,0)", "Count($close,0)", "Max($close,0)", "Min($close,0)"],
  "Mean 0.5": ["Mean($close,0.5)", "Std($close,0.2)"],
};

const ROWS = 150;
const LANES = 8;
/**
 * Prices, with gaps, ties, zeros, infinities and runs of one value; instruments listed and delisted in between. The second
 * four are without gaps: there the complete versions have the last word.
 */
function panelFrom(seed: number): Panel<"market"> {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const lanes = LANES;
  const columns = ["close", "open", "volume"].map((name) => {
    const values = new Float32Array(ROWS * lanes);
    for (let lane = 0; lane < lanes; lane++) {
      let level = 20;
      for (let row = 0; row < ROWS; row++) {
        const dice = next();
        if (dice > 0.3) level = Math.max(0.5, level + Math.round((next() - 0.5) * 8) / 4);
        const isGap = lane < 4 && dice < 0.06;
        const odd =
          lane === 3 && dice > 0.985 ? [0, Number.POSITIVE_INFINITY, 1e6][Math.floor(next() * 3)]! : level;
        values[row * lanes + lane] = isGap ? Number.NaN : name === "volume" ? odd * 1e4 : odd;
      }
    }
    return { name, values };
  });
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: ROWS }, (_, row) => row) },
    instruments: ["A", "B", "C", "D", "E", "F", "G", "H"],
    first: Int32Array.of(0, 37, 0, 0, 149, 1, 0, 0),
    last: Int32Array.of(149, 149, 90, 149, 149, 0, 149, 149),
    columns,
  });
}

/** Of the value's own size, and of the size of the prices where differences cancel. */
const TOLERANCE = { relative: 1e-9, absolute: 2e-9 } as const;
const COARSE = /Skew|Kurt|Corr|Rsquare/;

function compare(texts: readonly string[], panel: Panel, lanes: "mixed" | "float64"): RunStatistics {
  const graph = buildGraph(texts);
  const seen: RunStatistics[] = [];
  const ours = evaluateExpressions(graph, panel, {
    backend: "wasm",
    lanes,
    precision: "f64",
    onStatistics: (statistics) => seen.push(statistics),
  });
  const theirs = evaluateExpressions(graph, panel, { backend: "js", precision: "f64" });
  for (const [index, { name, values }] of ours.entries()) {
    const { relative, absolute } = COARSE.test(name) ? { relative: 1e-6, absolute: 1e-6 } : TOLERANCE;
    for (const [at, value] of values.entries()) {
      const wanted = theirs[index]!.values[at]!;
      const same = Object.is(value, wanted) || value === wanted;
      if (!same && !(Math.abs(value - wanted) <= absolute + relative * Math.abs(wanted)))
        throw new Error(
          `${name} on row ${Math.floor(at / LANES)} of ${at % LANES}: ${value}, the kernel has ${wanted}`,
        );
    }
  }
  return seen[0]!;
}

// The candlestick patterns have a test of their own, operators/candlestick-lowering.
test("every lowering has expressions", () => {
  const named = Object.keys(expressions);
  expect(
    [...lowerings.keys(), ...recurrenceLowerings].filter(
      (name) => !named.includes(name) && !name.startsWith("CDL"),
    ),
  ).toEqual([]);
});

describe.each(Object.entries(expressions))("%s", (_name, texts) => {
  test("is vector code and no reference kernel", () => {
    const plan = planBlocks(buildGraph(texts), { precision: "f64" });
    expect(plan.stages.flatMap(({ kernels }) => kernels)).toEqual([]);
  });

  test("gives what the reference kernels give", () => {
    let masked = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (seed) => {
        const statistics = compare(texts, panelFrom(seed), "mixed");
        expect(statistics.chunks).toBeGreaterThan(0);
        masked += statistics.masked;
      }),
      { numRuns: process.env["DEPTH"] === "full" ? 100 : 4, seed: 29 },
    );
    const looksBack = planBlocks(buildGraph(texts), { precision: "f64" }).stages.some(({ families }) =>
      families.some(({ reach, continuous }) => reach > 0 && !continuous),
    );
    expect(masked > 0).toBe(looksBack);
  });
});

test("windows too long for vector code are computed by their kernels, and only those nodes", () => {
  const texts = ["Rank($close,65)/Mean($close,5)", "Quantile($close,100,0.5)", "Mad($close,70)"];
  const { graph, stages } = planBlocks(buildGraph(texts), { precision: "f32" });
  const kernels = stages.flatMap((stage) => stage.kernels).map((id) => graph.nodes[id]!);
  expect(kernels.map((node) => (node.kind === "apply" ? node.operator.name : node.kind)).sort()).toEqual([
    "Mad",
    "Quantile",
    "Rank",
  ]);
  compare(texts, panelFrom(5), "mixed");
});

test("a window of the longest length is computed", () => {
  const statistics = compare(
    ["Mean($close,10000)", "Max($close,10000)", "Std($close,9999)"],
    panelFrom(3),
    "mixed",
  );
  expect(statistics.masked).toBeGreaterThan(0);
});

test("float32 lanes hand what Qlib has as float64 to reference kernels as float64", () => {
  const texts = [
    "Log(Count($close,13))",
    "Log(Max($close,4))",
    "Quantile(Min($open,4),65,0.3)",
    "IdxMax($close,9)**2.5",
  ];
  const { graph, stages, slotLanes } = planBlocks(buildGraph(texts), { precision: "f64" });
  const handed = stages.flatMap(({ kernels }) =>
    kernels.flatMap((id) => {
      const node = graph.nodes[id]!;
      return node.kind === "apply" ? node.inputs.filter((input) => slotLanes.get(input) === "f32x4") : [];
    }),
  );
  expect(handed.length).toBeGreaterThanOrEqual(3);
  for (const seed of [5, 6, 7]) compare(texts, panelFrom(seed), "mixed");
});

test("lines over combined fields never recover from ±inf either, not even where they see it ahead", () => {
  const texts = [
    "Slope($close+$open,5)",
    "Resi(Ref($close,3),9)",
    "Rsquare($volume*2,12)",
    "Slope(Ref($close,-3),5)",
  ];
  for (const seed of [5, 6, 7, 8]) {
    const panel = panelFrom(seed);
    panel.columns.get("close")!.values[70 * LANES + 6] = Number.POSITIVE_INFINITY;
    expect(compare(texts, panel, "mixed").chunks).toBeGreaterThan(0);
  }
});
