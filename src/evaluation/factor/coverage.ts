/** How much of the universe a factor speaks about. */
import { requireSameShape } from "./grid.ts";
import type { Grid } from "./grid.ts";

export interface Coverage {
  /** Instruments with a finite value ÷ instruments of the universe; NaN on a day without any. */
  readonly share: Float64Array;
  /** Instruments with a finite value, inside the universe. */
  readonly counts: Int32Array;
  /** Instruments of the universe. */
  readonly universe: Int32Array;
  /** Infinite values found (counted as missing everywhere). */
  readonly infinite: number;
}

/** The universe of a day is where `universe` is present: usually the close, so that suspended instruments do not count. */
export function coverageOf(factor: Grid, universe: Grid): Coverage {
  requireSameShape(factor, universe);
  const { rows, lanes } = factor;
  const counts = new Int32Array(rows);
  const members = new Int32Array(rows);
  let infinite = 0;
  for (let row = 0; row < rows; row++) {
    for (let cell = row * lanes; cell < (row + 1) * lanes; cell++) {
      const value = factor.values[cell]!;
      if (Math.abs(value) === Number.POSITIVE_INFINITY) infinite++;
      if (!Number.isFinite(universe.values[cell]!)) continue;
      members[row]!++;
      if (Number.isFinite(value)) counts[row]!++;
    }
  }
  const share = Float64Array.from(counts, (count, row) => count / members[row]!);
  return { share, counts, universe: members, infinite };
}
