import { LANES_PER_BLOCK, type StoredValues, type StoreSnapshot } from "#data/store/panel-store";
import { scanColumn, scanOrder } from "./column-scan.ts";
import type { InputStreaks } from "./input-streaks.ts";
import type { FactorOrder } from "./factor-ranges.ts";
import type { ScanPlan } from "./scan-plan.ts";
import { toleranceOf } from "./tolerance.ts";

/**
 * All stored values of a set in one block, in pieces of rows so that memory stays small. Counts go to the plan's figures;
 * what is odd is returned by factor and lane, for the reference to judge.
 */
export interface BlockScan {
  readonly block: number;
  readonly odds: readonly OddSeries[];
  readonly disorders: readonly Disorder[];
  /** Missing cells with complete inputs that are not `empty`, by factor, then by lane. */
  readonly gaps: ReadonlyMap<number, Int32Array>;
  /** Cells whose every factor is missing though the lead's inputs are complete. */
  readonly empty: readonly number[];
}

/** Values of one factor and lane that are infinite or outside of the factor's range. */
export interface OddSeries {
  readonly rule: "infinite" | "out-of-range";
  readonly factor: number;
  readonly lane: number;
  count: number;
  readonly firstCell: number;
  lastCell: number;
  readonly value: number;
}

export interface Disorder {
  readonly order: FactorOrder;
  readonly lane: number;
  count: number;
  readonly firstCell: number;
  lastCell: number;
}

/** Bytes of values in memory at once. */
const PIECE_BYTES = 64 * 2 ** 20;
/** Checksums cover this many rows. */
const CHUNK_ROWS = 256;

/** Throws STORE_DAMAGED. */
export async function scanBlock(
  snapshot: StoreSnapshot,
  plan: ScanPlan,
  part: { readonly block: number; readonly streaks: InputStreaks },
): Promise<BlockScan> {
  const { block, streaks } = part;
  const { factors } = plan;
  const rows = snapshot.time.days.length;
  const width = plan.precision === "f64" ? 8 : 4;
  const names = factors.map(({ name }) => name);
  const most = Math.floor(PIECE_BYTES / (Math.max(1, names.length) * LANES_PER_BLOCK * width * CHUNK_ROWS));
  const step = Math.max(1, most) * CHUNK_ROWS;
  const odds = new Map<string, OddSeries>();
  const disorders = new Map<string, Disorder>();
  const gaps = new Map<number, Int32Array>();
  const empty: number[] = [];
  for (const { fields, need, figures } of factors) figures.expected += streaks.complete(fields, need);
  for (let from = 0; from < rows && names.length > 0; from += step) {
    const to = Math.min(rows, from + step);
    const columns = await snapshot.readBlock(plan.name, block, names, { from, to });
    const offset = from * LANES_PER_BLOCK;
    let missing: number[] = [];
    for (const [index, factor] of factors.entries()) {
      const { range, bounds, figures } = factor;
      const rangeLow = range?.low ?? -Number.MAX_VALUE;
      const rangeHigh = range?.high ?? Number.MAX_VALUE;
      const outlierLow = bounds?.low ?? -Number.MAX_VALUE;
      const outlierHigh = bounds?.high ?? Number.MAX_VALUE;
      scanColumn(
        columns.get(factor.name)!,
        {
          streaks: streaks.of(factor.fields),
          offset,
          need: factor.need,
          low: Math.max(rangeLow, outlierLow, -Number.MAX_VALUE),
          high: Math.min(rangeHigh, outlierHigh, Number.MAX_VALUE),
          gap(cell) {
            figures.gaps++;
            let byLane = gaps.get(index);
            if (byLane === undefined) gaps.set(index, (byLane = new Int32Array(LANES_PER_BLOCK)));
            byLane[cell % LANES_PER_BLOCK]!++;
            if (index === plan.lead) missing.push(cell);
          },
          odd(cell, value) {
            const isInfinite = Math.abs(value) === Number.POSITIVE_INFINITY;
            if (value < outlierLow || value > outlierHigh) figures.outliers++;
            if (isInfinite) figures.infinite++;
            else if (value < rangeLow || value > rangeHigh) figures.outside++;
            else return;
            note(odds, { rule: isInfinite ? "infinite" : "out-of-range", factor: index, cell, value });
          },
        },
        figures,
      );
    }
    missing = missing.filter((cell) =>
      names.every((name) => Number.isNaN(columns.get(name)![cell - offset]!)),
    );
    for (const cell of missing) {
      empty.push(cell);
      // Judged once, as the lead's.
      for (const [index, { fields, need }] of factors.entries())
        if (streaks.of(fields)[cell]! > need) gaps.get(index)![cell % LANES_PER_BLOCK]!--;
    }
    scanOrders(plan, columns, { offset, into: disorders });
  }
  return { block, odds: [...odds.values()], disorders: [...disorders.values()], gaps, empty };
}

function note(
  odds: Map<string, OddSeries>,
  found: Pick<OddSeries, "rule" | "factor" | "value"> & { readonly cell: number },
): void {
  const { rule, factor, value, cell } = found;
  const lane = cell % LANES_PER_BLOCK;
  const key = `${rule} ${factor} ${lane}`;
  const known = odds.get(key);
  if (known === undefined)
    odds.set(key, { rule, factor, lane, count: 1, firstCell: cell, lastCell: cell, value });
  else {
    known.count++;
    known.lastCell = cell;
  }
}

function scanOrders(
  plan: ScanPlan,
  columns: ReadonlyMap<string, StoredValues>,
  { offset, into }: { readonly offset: number; readonly into: Map<string, Disorder> },
): void {
  for (const order of plan.orders) {
    scanOrder(columns.get(order.lower)!, columns.get(order.upper)!, {
      offset,
      ...toleranceOf(order.upper),
      odd(cell) {
        const lane = cell % LANES_PER_BLOCK;
        const key = `${order.lower} ${order.upper} ${lane}`;
        const known = into.get(key);
        if (known === undefined) into.set(key, { order, lane, count: 1, firstCell: cell, lastCell: cell });
        else {
          known.count++;
          known.lastCell = cell;
        }
      },
    });
  }
}
