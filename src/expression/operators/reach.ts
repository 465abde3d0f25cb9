/**
 * Which rows an expression's value at row t comes from: t + `earliest` … t + `latest`. Look-back is −earliest, look-ahead
 * is latest; −Infinity stands for everything since the instrument's first row (expanding windows, recurrences).
 */
export interface Reach {
  readonly earliest: number;
  readonly latest: number;
}

export const here: Reach = { earliest: 0, latest: 0 };

export function union(reaches: readonly Reach[]): Reach {
  if (reaches.length === 0) return here;
  return {
    earliest: Math.min(...reaches.map((reach) => reach.earliest)),
    latest: Math.max(...reaches.map((reach) => reach.latest)),
  };
}

export function lookBackOf(reach: Reach): number {
  return Math.max(0, -reach.earliest);
}

export function lookAheadOf(reach: Reach): number {
  return Math.max(0, reach.latest);
}

/** Of `Ref(x, rows)`: 0 is the first value of the series. */
export function shifted(reach: Reach, rows: number): Reach {
  if (rows === 0) return { earliest: Number.NEGATIVE_INFINITY, latest: reach.latest };
  return { earliest: reach.earliest - rows, latest: reach.latest - rows };
}

/** Of a window of `rows` ending today; 0 and fractions remember everything. */
export function windowedReach(reach: Reach, rows: number): Reach {
  const back = rows >= 1 ? rows - 1 : Number.POSITIVE_INFINITY;
  return { earliest: reach.earliest - back, latest: reach.latest };
}
