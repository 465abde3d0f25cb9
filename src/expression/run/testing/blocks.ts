import * as fc from "fast-check";
import type { Graph } from "../../ir/node.ts";
import { rewriteGraph } from "../../rewrite/rewrite.ts";
import { planBlocks, type PlanOptions } from "../../plan/block-plan.ts";
import { BlockEngine, type BlockData } from "../block-engine.ts";
import { compileBlocks } from "../block-program.ts";

/** Small markets with everything that goes wrong in real ones, and expressions that reach every kind of vector code. */
export const FIELDS = ["open", "high", "low", "close", "volume"] as const;

export const SHORT_WINDOWS: readonly string[] = [
  "($close-$open)/$open",
  "Greater($close,$open)-Less($high,$low)",
  "Log($volume+1)",
  "Abs(Log($close/Ref($close,1)))",
  "Sign($close-$open)",
  "If($close>$open,$high,$low)",
  "($close>$open)&($volume>Ref($volume,1))",
  "Ref($close,7)/$close",
  "Delta($close,3)",
  ..."Mean Sum Std Var Max Min Med Count IdxMax IdxMin WMA Rank Slope Resi Rsquare"
    .split(" ")
    .flatMap((name) => [2, 5, 10, 13].map((rows) => `${name}($close,${rows})`)),
  "Mean($close>Ref($close,1),5)-Mean($close<Ref($close,1),5)",
  "Sum(Greater($close-Ref($close,1),0),5)/(Sum(Abs($close-Ref($close,1)),5)+1e-12)",
  "Std(Abs($close/Ref($close,1)-1)*$volume,10)/(Mean(Abs($close/Ref($close,1)-1)*$volume,10)+1e-12)",
  "Corr($close,Log($volume+1),10)",
  "Corr($close/Ref($close,1),Log($volume/Ref($volume,1)+1),10)",
  "Cov($close,$volume,5)",
  "Quantile($close,10,0.8)",
  "Quantile($close,7,0.2)",
  "IdxMax($high,5)/5-IdxMin($low,5)/5",
  // Windows of windows, and results that other stages need.
  "Mean(Std($close,5),5)",
  "Max(Mean($close/$open,3),4)",
  "Mean(Corr($close,$volume,5),3)",
];

/** Among them kernels without vector code, below and above windows. */
export const WITH_KERNELS: readonly string[] = [
  ...SHORT_WINDOWS,
  "Skew($close,6)",
  "Mean(Kurt($close/$open,5),4)",
  "Skew(Mean($close,3),5)/$close",
  "Mad(Mad($close,3),4)",
  "Mean(Power($close,2),4)",
  "Rank($close,65)",
];

/** Everything so far counts. */
export const UNBOUNDED: readonly string[] = [
  "EMA($close,5)",
  "Mean(EMA($close,9)-EMA($close,20),3)",
  "EMA(Mean(EMA($high,3),4)/$close,6)",
  "Max(EMA($low,0.2),3)/$low",
  "Wilder($close,5)",
  "Delta(SAR($high,$low,0.02,0.2),2)",
  "Sum($volume,0)",
  "Mean($close,0)/$close",
  "$close/Ref($close,0)",
  "Max($high,0)-Min($low,0)",
];

/** The same without a state of fixed size. */
export const WITHOUT_STATE: readonly string[] = ["Std($close,0)", "Slope($close/$open,5)", "EMA($close,0)"];

const ordinary = fc.double({ min: 0.5, max: 50, noNaN: true });
const regimes: readonly fc.Arbitrary<number>[] = [
  ordinary,
  ordinary,
  ordinary,
  fc.constantFrom(Number.NaN),
  fc.constantFrom(0),
  fc.constantFrom(7, 7, 7, 7.5),
  fc.constantFrom(1e13, 1e12, 9e11, 3e38, 2e19),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3),
  fc.double({ min: 1e-30, max: 1e-6, noNaN: true }),
  fc.double({ min: -20, max: 20, noNaN: true }),
];

/** One instrument: its span, and values by field for all rows. */
export interface Listed {
  readonly first: number;
  readonly last: number;
  readonly values: readonly Float32Array[];
}

function series(rows: number): fc.Arbitrary<Float32Array> {
  const quiet = fc.array(ordinary, { minLength: rows, maxLength: rows });
  const mixed = fc
    .array(
      fc
        .tuple(fc.integer({ min: 1, max: 40 }), fc.constantFrom(...regimes))
        .chain(([length, value]) => fc.array(value, { minLength: length, maxLength: length })),
      { minLength: 6, maxLength: 12 },
    )
    .map((runs) => {
      const all = runs.flat();
      return Array.from({ length: rows }, (_, row) => all[row % all.length]!);
    });
  return fc.oneof(quiet, mixed).map((values) => Float32Array.from(values));
}

export function instrument(rows: number): fc.Arbitrary<Listed> {
  const span = fc.oneof(
    { weight: 3, arbitrary: fc.constant([0, rows - 1] as const) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.integer({ min: 0, max: rows - 1 }), fc.integer({ min: 0, max: rows - 1 }))
        .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
    },
    { weight: 1, arbitrary: fc.constant([1, 0] as const) },
  );
  return fc
    .tuple(span, ...FIELDS.map(() => series(rows)))
    .map(([[first, last], ...values]) => ({ first, last, values }));
}

export function instruments(count: number, rows: number): fc.Arbitrary<Listed[]> {
  return fc.array(instrument(rows), { minLength: count, maxLength: count });
}

/** Some rows of some instruments as a block whose first row is `from`. */
export function blockOf(
  graph: Graph,
  listed: readonly Listed[],
  { from = 0, to = Number.NaN } = {},
): BlockData {
  const planned = rewriteGraph(graph);
  const rows = (Number.isNaN(to) ? listed[0]!.values[0]!.length : to) - from;
  const columns = new Map<string, Float32Array>(
    FIELDS.map((name, field) => {
      const values = new Float32Array(rows * listed.length);
      for (const [lane, one] of listed.entries())
        for (let row = 0; row < rows; row++)
          values[row * listed.length + lane] = one.values[field]![from + row]!;
      return [name, values];
    }),
  );
  return {
    instruments: listed.length,
    first: listed.map(({ first }) => first - from),
    last: listed.map(({ last }) => Math.min(last - from, rows - 1)),
    column(node) {
      const { name } = planned.nodes[node] as { name: string };
      return { values: columns.get(name)!, stride: listed.length, offset: 0 };
    },
  };
}

export function engineOf(
  graph: Graph,
  shape: { readonly rows: number; readonly lanes: number; readonly results?: number },
  options: PlanOptions = { precision: "f32" },
): BlockEngine {
  return new BlockEngine(compileBlocks(planBlocks(graph, options), shape));
}

/** Outputs of one instrument of the last run, by name. */
export function outputsOf(
  engine: BlockEngine,
  graph: Graph,
  { lane, rows }: { readonly lane: number; readonly rows: number },
): Map<string, Float32Array | Float64Array> {
  const { lanes } = engine.program.shape;
  return new Map(
    graph.outputs.map(({ name }, index) => {
      const block = engine.output(index);
      const values = block instanceof Float32Array ? new Float32Array(rows) : new Float64Array(rows);
      for (let row = 0; row < rows; row++) values[row] = block[row * lanes + lane]!;
      return [name, values];
    }),
  );
}

/** Names of the outputs whose bits differ on the rows that both have; `shift`: row 0 of the second is that row of the first. */
export function different(
  whole: ReadonlyMap<string, ArrayLike<number>>,
  part: ReadonlyMap<string, ArrayLike<number>>,
  shift = 0,
): string[] {
  const found: string[] = [];
  for (const [name, values] of part) {
    const expected = whole.get(name)!;
    for (let row = 0; row < values.length; row++) {
      if (Object.is(values[row], expected[row + shift])) continue;
      found.push(`${name} at row ${row + shift}: ${values[row]} instead of ${expected[row + shift]}`);
      break;
    }
  }
  return found;
}
