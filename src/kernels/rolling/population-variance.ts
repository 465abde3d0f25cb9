import { rollingCount } from "./count.ts";
import { rollingVariance } from "./variance.ts";

/**
 * Population variance and standard deviation: Σ(x−x̄)² / n over the finite x[j], j = max(0, t−rows+1) … t. NaN and ±inf are
 * left out; one value has variance 0, none NaN; equal values give exactly 0.
 */
export function rollingPopulationVariance(x: Float64Array, rows: number, out: Float64Array): void {
  const counts = new Float64Array(x.length);
  rollingCount(x.map(finiteOrMissing), rows, counts);
  rollingVariance(x, rows, out);
  for (let t = 0; t < out.length; t++) {
    const count = counts[t]!;
    out[t] = count === 1 ? 0 : out[t]! * ((count - 1) / count);
  }
}

export function rollingPopulationDeviation(x: Float64Array, rows: number, out: Float64Array): void {
  rollingPopulationVariance(x, rows, out);
  for (let t = 0; t < out.length; t++) out[t] = Math.sqrt(out[t]!);
}

function finiteOrMissing(value: number): number {
  return value - value === 0 ? value : Number.NaN;
}
