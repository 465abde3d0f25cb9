/** Labels less the mean of their day, or of their day and group: what is left is relative performance. */
import type { Grid } from "./grid.ts";
import type { GroupGrid } from "./groups.ts";

/** The mean is over the present values of the day (and group). Missing stays NaN. Returns a copy. */
export function demeaned(label: Grid, groups?: GroupGrid): Grid {
  const { rows, lanes } = label;
  const values = new Float64Array(rows * lanes).fill(Number.NaN);
  const size = groups?.names.length ?? 1;
  const sums = new Float64Array(size);
  const counts = new Int32Array(size);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    counts.fill(0);
    for (let cell = row * lanes; cell < (row + 1) * lanes; cell++) {
      const value = label.values[cell]!;
      if (!Number.isFinite(value)) continue;
      const group = groups?.index[cell] ?? 0;
      sums[group]! += value;
      counts[group]!++;
    }
    for (let cell = row * lanes; cell < (row + 1) * lanes; cell++) {
      const value = label.values[cell]!;
      if (!Number.isFinite(value)) continue;
      const group = groups?.index[cell] ?? 0;
      values[cell] = value - sums[group]! / counts[group]!;
    }
  }
  return { rows, lanes, values };
}

/** Mean of each day's present values: the equal-weighted universe. */
export function dailyMeans(label: Grid, sample: Grid = label): Float64Array {
  const { rows, lanes } = label;
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    let count = 0;
    for (let cell = row * lanes; cell < (row + 1) * lanes; cell++) {
      const value = label.values[cell]!;
      if (!Number.isFinite(value) || !Number.isFinite(sample.values[cell]!)) continue;
      sum += value;
      count++;
    }
    return count === 0 ? Number.NaN : sum / count;
  });
}
