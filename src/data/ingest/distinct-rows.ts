/** Rows of one instrument in time order, one per moment. Two rows of one moment must say the same. */
import { DataError } from "#data/errors";
import { isoOf } from "#market/day";
import type { SpooledRows } from "./row-spool.ts";
import { MINUTES_PER_DAY } from "./row-spool.ts";

export interface DistinctRows extends SpooledRows {
  /** Rows left out because an identical one is there. */
  readonly duplicates: number;
}

/** Equal as data: the same number, or both missing. */
export function sameValue(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

/**
 * Sorts and removes identical duplicates. Throws DATA_ROW_CONFLICT for rows of one moment that differ, naming the day,
 * the column and both places.
 */
export function distinctRows(
  rows: SpooledRows,
  source: {
    readonly columns: readonly string[];
    readonly placeOf: (origin: number) => { file: string; row: number };
  },
): DistinctRows {
  const { moments, origins, columns } = rows;
  const count = moments.length;
  let increasing = true;
  for (let i = 1; i < count && increasing; i++) increasing = moments[i - 1]! < moments[i]!;
  if (increasing) return { ...rows, duplicates: 0 };
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => moments[a]! - moments[b]! || origins[a]! - origins[b]!,
  );
  const kept = new Uint32Array(count);
  let distinct = 0;
  for (const at of order) {
    const before = distinct > 0 ? kept[distinct - 1]! : -1;
    if (before >= 0 && moments[before] === moments[at]) {
      const differing = columns.findIndex((column) => !sameValue(column[before]!, column[at]!));
      if (differing >= 0) throw conflict(rows, [before, at], { ...source, differing });
    } else {
      kept[distinct++] = at;
    }
  }
  const picked = kept.subarray(0, distinct);
  const pick = (values: Float64Array): Float64Array => Float64Array.from(picked, (at) => values[at]!);
  return {
    instrument: rows.instrument,
    moments: pick(moments),
    origins: pick(origins),
    columns: columns.map(pick),
    duplicates: count - distinct,
  };
}

function conflict(
  rows: SpooledRows,
  [one, other]: readonly [number, number],
  source: {
    readonly columns: readonly string[];
    readonly placeOf: (origin: number) => { file: string; row: number };
    readonly differing: number;
  },
): DataError {
  const column = source.columns[source.differing]!;
  const values = rows.columns[source.differing]!;
  const first = source.placeOf(rows.origins[one]!);
  const second = source.placeOf(rows.origins[other]!);
  const day = isoOf(Math.floor(rows.moments[one]! / MINUTES_PER_DAY));
  return new DataError(
    "DATA_ROW_CONFLICT",
    `${rows.instrument} has two rows for ${day}: ${column} is ${values[one]} in ${first.file} row ${first.row} ` +
      `and ${values[other]} in ${second.file} row ${second.row}`,
    {
      remedy: "remove the wrong row from the source and import again; the other instruments are not held up",
      place: { file: second.file, row: second.row, column, instrument: rows.instrument },
    },
  );
}
