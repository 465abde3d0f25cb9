import type { Day } from "#market/day";

/**
 * Point-in-time data: reports about periods (quarters or years), each announced on a day and perhaps revised later.
 * Only what was announced by a day is known on it, that day included.
 */
export interface PeriodRecord {
  /** 201802 is the second quarter of 2018; 2018 the year. */
  readonly period: number;
  readonly announced: Day;
  readonly value: number;
}

/** Records of a periodic field (lower case, with its `_q` or `_a`), in any order; undefined when there are none. */
export type PeriodicSource = (instrument: string, field: string) => readonly PeriodRecord[] | undefined;

/** Periods as consecutive numbers, so that missing ones leave a gap. */
export function ordinalOf(period: number): number {
  return period > 9999 ? Math.floor(period / 100) * 4 + (period % 100) - 1 : period;
}

/** Records by announcement; of one day, the later in the file wins. */
export function inOrder(records: readonly PeriodRecord[]): PeriodRecord[] {
  return records
    .map((record, index) => ({ record, index }))
    .sort((a, b) => a.record.announced - b.record.announced || a.index - b.index)
    .map(({ record }) => record);
}

/**
 * Values of the periods known on `day`: from the first to the last one announced, without holes, the latest revision
 * of each; at most the newest `count`, or the one stated period. `records` must be in order.
 */
export function knownOn(
  records: readonly PeriodRecord[],
  day: Day,
  what: { readonly count: number; readonly period?: number },
): { readonly first: number; readonly values: Float64Array } {
  const known = new Map<number, number>();
  let oldest = Number.POSITIVE_INFINITY;
  let newest = Number.NEGATIVE_INFINITY;
  for (const record of records) {
    if (record.announced > day) break;
    const ordinal = ordinalOf(record.period);
    known.set(ordinal, record.value);
    oldest = Math.min(oldest, ordinal);
    newest = Math.max(newest, ordinal);
  }
  if (known.size === 0) return { first: 0, values: new Float64Array(0) };
  let from = Math.max(oldest, newest - what.count + 1);
  let to = newest;
  if (what.period !== undefined) {
    from = to = ordinalOf(what.period);
    if (from < oldest || from > newest) return { first: 0, values: new Float64Array(0) };
  }
  const values = Float64Array.from(
    { length: to - from + 1 },
    (_, index) => known.get(from + index) ?? Number.NaN,
  );
  return { first: from, values };
}
