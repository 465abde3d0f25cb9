/** Qlib's long–short returns (`calc_long_short_return`): the best and the worst share of each day, equally weighted. */
import { ordered, requireSameShape } from "./grid.ts";
import type { Grid } from "./grid.ts";

export interface LongShort {
  /** Mean label of the best ⌊n·share⌋ instruments. */
  readonly long: Float64Array;
  /** Mean label of the worst. */
  readonly short: Float64Array;
  /** (long − short)/2: half the money on each side. */
  readonly longShort: Float64Array;
  /** Mean label of all n. */
  readonly average: Float64Array;
}

/** n counts the instruments with both values on the day. NaN where ⌊n·share⌋ is 0. Ties by lane, lower first. */
export function longShort(factor: Grid, label: Grid, share = 0.2): LongShort {
  requireSameShape(factor, label);
  const { rows, lanes, values, order, counts } = ordered(factor);
  const empty = () => new Float64Array(rows).fill(Number.NaN);
  const result = { long: empty(), short: empty(), longShort: empty(), average: empty() };
  const members = new Uint32Array(lanes);
  for (let row = 0; row < rows; row++) {
    let count = 0;
    for (let k = 0; k < counts[row]!; k++) {
      const cell = row * lanes + order[row * lanes + k]!;
      if (Number.isFinite(label.values[cell]!)) members[count++] = cell;
    }
    const side = Math.floor(count * share);
    if (side === 0) continue;
    const lowest = members.slice(0, side);
    const highest = members
      .slice(0, count)
      .sort((a, b) => values[b]! - values[a]! || a - b)
      .subarray(0, side);
    result.long[row] = meanAt(label, highest);
    result.short[row] = meanAt(label, lowest);
    result.longShort[row] = (result.long[row]! - result.short[row]!) / 2;
    result.average[row] = meanAt(label, members.subarray(0, count));
  }
  return result;
}

function meanAt(grid: Grid, cells: Uint32Array): number {
  let sum = 0;
  for (const cell of cells) sum += grid.values[cell]!;
  return sum / cells.length;
}
