/** One instrument's rows of an import, ready to be merged: distinct, on the store's rows, in the store's field names. */
import type { Adjustment } from "#data/source";
import type { Day } from "#market/day";
import type { TimeAxis } from "#panel/axes";
import type { DistinctRows } from "./distinct-rows.ts";
import { storedName } from "./import-fields.ts";
import { MINUTES_PER_DAY } from "./row-spool.ts";
import { settleSuspendedRows } from "./suspended-rows.ts";

export interface IncomingRows {
  readonly instrument: string;
  /** Row of the store's axis, increasing. */
  readonly rows: Int32Array;
  /** By stored field; columns the source does not have are absent. Arrays as long as `rows`. */
  readonly columns: ReadonlyMap<string, Float64Array>;
  /** Days of rows that are at no row of the axis. */
  readonly keptOut: readonly Day[];
}

/** Moments of an axis, to find rows by. */
export function momentsOf(time: TimeAxis): Float64Array {
  return Float64Array.from(time.days, (day, row) => day * MINUTES_PER_DAY + (time.minutes?.[row] ?? 0));
}

/** Places rows on the axis, leaves out those that are on none of its rows, and settles suspended days. */
export function incomingRows(
  source: DistinctRows,
  axis: { readonly moments: Float64Array },
  form: {
    /** Names of `source.columns`. */
    readonly columns: readonly string[];
    /** Columns the source has at all; others hold only the filler of mixed batches. */
    readonly adjustment: Adjustment["kind"];
  },
): IncomingRows {
  const { moments } = axis;
  const rows = new Int32Array(source.moments.length);
  const taken = new Uint32Array(source.moments.length);
  const keptOut: Day[] = [];
  let count = 0;
  let row = lowerMoment(moments, source.moments[0] ?? 0);
  for (const [at, moment] of source.moments.entries()) {
    while (row < moments.length && moments[row]! < moment) row++;
    if (moments[row] === moment) {
      rows[count] = row;
      taken[count++] = at;
    } else {
      keptOut.push(Math.floor(moment / MINUTES_PER_DAY));
    }
  }
  const whole = count === source.moments.length;
  const picked = taken.subarray(0, count);
  const columns = new Map<string, Float64Array>();
  for (const [slot, name] of form.columns.entries()) {
    const values = source.columns[slot]!;
    columns.set(
      storedName(name, form.adjustment),
      whole ? values : Float64Array.from(picked, (at) => values[at]!),
    );
  }
  if (form.adjustment !== "hfq") settleSuspendedRows(columns);
  return { instrument: source.instrument, rows: rows.subarray(0, count), columns, keptOut };
}

function lowerMoment(moments: Float64Array, moment: number): number {
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (moments[middle]! < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
