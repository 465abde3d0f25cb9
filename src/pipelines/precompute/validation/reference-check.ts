import { LANES_PER_BLOCK, type StoredValues, type StoreSnapshot } from "#data/store/panel-store";
import { evaluatePhase } from "#expression/run/evaluate";
import { panelOf, type Panel } from "#panel/panel";
import type { ScanPlan } from "./scan-plan.ts";
import { toleranceOf, type Tolerance } from "./tolerance.ts";

/** Series of stored factors computed again by the reference backend, in JavaScript, one instrument at a time. */
export interface ReferenceSeries {
  readonly factor: number;
  readonly lane: number;
  /** By row of the block. */
  readonly stored: Float64Array;
  readonly reference: Float64Array;
}

/** Factors read at once. */
const AT_ONCE = 64;

/**
 * The factors of some lanes of a block, as stored and as the reference has them. `market` has the lanes of the block and
 * may have fewer rows than the store, when it is of an earlier generation. Throws STORE_DAMAGED.
 */
export async function* referenceSeries(
  snapshot: StoreSnapshot,
  plan: ScanPlan,
  part: {
    readonly block: number;
    readonly market: Panel<"market">;
    readonly factors: readonly number[];
    readonly lanes: readonly number[];
  },
): AsyncGenerator<ReferenceSeries> {
  const { block, market, factors, lanes } = part;
  if (lanes.length === 0) return;
  const panel = someLanes(market, lanes);
  const rows = { from: 0, to: market.time.days.length };
  for (let from = 0; from < factors.length; from += AT_ONCE) {
    const some = factors.slice(from, from + AT_ONCE);
    const graph = { nodes: plan.graph.nodes, outputs: some.map((index) => plan.graph.outputs[index]!) };
    const computed = evaluatePhase(graph, panel, { backend: "js", precision: plan.precision });
    const names = some.map((index) => plan.factors[index]!.name);
    const stored = await snapshot.readBlock(plan.name, block, names, rows);
    for (const [at, factor] of some.entries()) {
      const [kept, again] = [stored.get(names[at]!)!, computed[at]!.values];
      for (const [column, lane] of lanes.entries()) {
        yield {
          factor,
          lane,
          stored: strided(kept, lane, LANES_PER_BLOCK),
          reference: strided(again, column, lanes.length),
        };
      }
    }
  }
}

function strided(values: StoredValues, offset: number, stride: number): Float64Array {
  const series = new Float64Array(values.length / stride);
  for (let row = 0; row < series.length; row++) series[row] = values[row * stride + offset]!;
  return series;
}

/** The panel's lanes in the order asked for. */
export function someLanes(market: Panel<"market">, lanes: readonly number[]): Panel<"market"> {
  const width = market.instruments.length;
  const rows = market.time.days.length;
  return panelOf({
    role: "market",
    time: market.time,
    instruments: lanes.map((lane) => market.instruments[lane]!),
    first: Int32Array.from(lanes, (lane) => market.first[lane]!),
    last: Int32Array.from(lanes, (lane) => market.last[lane]!),
    columns: [...market.columns.values()].map(({ name, values }) => {
      const own = new Float32Array(rows * lanes.length);
      for (const [column, lane] of lanes.entries()) {
        for (let row = 0; row < rows; row++) own[row * lanes.length + column] = values[row * width + lane]!;
      }
      return { name, values: own };
    }),
  });
}

/** Where a series leaves the reference. */
export interface SeriesDifference {
  readonly cells: number;
  readonly equal: number;
  /** Rows without a stored value where the reference has one. */
  readonly holes: readonly number[];
  /** Rows whose values differ beyond the tolerance, or that hold a value where the reference has none. */
  readonly wrong: readonly number[];
  /** The row furthest off; −1 when none is wrong. */
  readonly worst: number;
}

export function compareSeries({ stored, reference }: ReferenceSeries, factor: string): SeriesDifference {
  const tolerance = toleranceOf(factor);
  const holes: number[] = [];
  const wrong: number[] = [];
  let equal = 0;
  let worst = -1;
  let worstBy = -1;
  for (let row = 0; row < reference.length; row++) {
    const [ours, theirs] = [stored[row]!, reference[row]!];
    if (ours === theirs || (Number.isNaN(ours) && Number.isNaN(theirs))) {
      equal++;
      continue;
    }
    if (Number.isNaN(ours)) {
      holes.push(row);
      continue;
    }
    const by = excess(ours, theirs, tolerance);
    if (by <= 0) continue;
    wrong.push(row);
    if (by > worstBy) [worst, worstBy] = [row, by];
  }
  return { cells: reference.length, equal, holes, wrong, worst };
}

/** How far a value is beyond the tolerance, in tolerances; infinite where one is not finite. */
function excess(ours: number, theirs: number, { relative, absolute }: Tolerance): number {
  if (!Number.isFinite(ours) || !Number.isFinite(theirs)) return Number.POSITIVE_INFINITY;
  return Math.abs(ours - theirs) / (absolute + relative * Math.abs(theirs)) - 1;
}
