/**
 * Redundancy between factors: the mean over days of the daily cross-sectional rank correlation of two factors,
 * over the instruments that have both. Ranks are taken over each factor's own instruments of the day, so that a
 * factor is ranked once (as in the autocorrelation), and only every n-th day is used when asked.
 */
import type { Grid } from "./grid.ts";
import { ordered } from "./grid.ts";
import { rankDayWithin } from "./ranks.ts";

export interface FactorCorrelation {
  readonly size: number;
  /** `values[i * size + j]`, symmetric, 1 on the diagonal; NaN when no day has enough common instruments. */
  readonly values: Float64Array;
  /** Days that were used. */
  readonly days: number;
}

/** `everyRows` = 5 uses each fifth row. Days with fewer common instruments than the minimum are left out of a pair. */
export function factorCorrelation(
  factors: readonly Grid[],
  options: { readonly everyRows?: number; readonly minInstruments?: number } = {},
): FactorCorrelation {
  const { everyRows = 1, minInstruments = 10 } = options;
  const size = factors.length;
  const sums = new Float64Array(size * size);
  const counts = new Int32Array(size * size);
  const { rows = 0, lanes = 0 } = factors[0] ?? {};
  // Standardised ranks of one day, missing as 0, so that a full pair is one inner product.
  const scores = Array.from({ length: size }, () => new Float64Array(lanes));
  const ranks = Array.from({ length: size }, () => new Float64Array(lanes));
  const full = new Int32Array(size);
  let days = 0;
  for (let row = 0; row < rows; row += everyRows) {
    days++;
    for (let f = 0; f < size; f++) {
      const day = ordered({
        rows: 1,
        lanes,
        values: factors[f]!.values.subarray(row * lanes, (row + 1) * lanes),
      });
      full[f] = rankDayWithin(day, day, 0, ranks[f]!.fill(Number.NaN));
      standardise(ranks[f]!, full[f]!, scores[f]!);
    }
    const presence = presenceClasses(ranks);
    for (let i = 0; i < size; i++) {
      if (full[i]! < minInstruments) continue;
      for (let j = 0; j < i; j++) {
        if (full[j]! < minInstruments) continue;
        const correlation =
          presence[i] === presence[j]
            ? inner(scores[i]!, scores[j]!)
            : pairwise(ranks[i]!, ranks[j]!, minInstruments);
        if (Number.isNaN(correlation)) continue;
        sums[i * size + j]! += correlation;
        counts[i * size + j]!++;
      }
    }
  }
  const values = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    values[i * size + i] = 1;
    for (let j = 0; j < i; j++) {
      values[i * size + j] = values[j * size + i] = sums[i * size + j]! / counts[i * size + j]!;
    }
  }
  return { size, values, days };
}

function standardise(ranks: Float64Array, count: number, out: Float64Array): void {
  const mean = (count + 1) / 2;
  let squares = 0;
  for (const rank of ranks) if (!Number.isNaN(rank)) squares += (rank - mean) ** 2;
  const scale = Math.sqrt(squares);
  for (let lane = 0; lane < ranks.length; lane++) {
    const rank = ranks[lane]!;
    out[lane] = Number.isNaN(rank) ? 0 : (rank - mean) / scale;
  }
}

/** A number per factor; factors with the same number are present on the same lanes. */
function presenceClasses(ranks: readonly Float64Array[]): number[] {
  const representatives: Float64Array[] = [];
  return ranks.map((rank) => {
    const known = representatives.findIndex((other) => samePresence(rank, other));
    return known >= 0 ? known : representatives.push(rank) - 1;
  });
}

function samePresence(a: Float64Array, b: Float64Array): boolean {
  for (let lane = 0; lane < a.length; lane++) {
    if (Number.isNaN(a[lane]!) !== Number.isNaN(b[lane]!)) return false;
  }
  return true;
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let lane = 0; lane < a.length; lane++) sum += a[lane]! * b[lane]!;
  return sum;
}

function pairwise(a: Float64Array, b: Float64Array, minInstruments: number): number {
  let n = 0;
  let sumA = 0;
  let sumB = 0;
  let sumAA = 0;
  let sumBB = 0;
  let sumAB = 0;
  for (let lane = 0; lane < a.length; lane++) {
    const x = a[lane]!;
    const y = b[lane]!;
    if (Number.isNaN(x) || Number.isNaN(y)) continue;
    n++;
    sumA += x;
    sumB += y;
    sumAA += x * x;
    sumBB += y * y;
    sumAB += x * y;
  }
  if (n < minInstruments) return Number.NaN;
  // Ranks are halves of whole numbers, so these sums are exact.
  const varianceA = n * sumAA - sumA * sumA;
  const varianceB = n * sumBB - sumB * sumB;
  return varianceA > 0 && varianceB > 0
    ? (n * sumAB - sumA * sumB) / Math.sqrt(varianceA * varianceB)
    : Number.NaN;
}
