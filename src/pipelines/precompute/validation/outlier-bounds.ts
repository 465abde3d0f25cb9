import { DataError } from "#data/errors";
import type { StoreSnapshot } from "#data/store/panel-store";

/**
 * Bounds beyond which a value is an outlier: 12 median absolute deviations from the median, both of a sample over the
 * market. Iglewicz and Hoaglin (1993) call |0.6745 (x − median)/MAD| > 3.5, about 5 MAD, an outlier of a normal sample;
 * factors have fat tails, and what is looked for is not a tail but a number that cannot be meant, so the bound is wider.
 * Prices and volumes differ between instruments by nature and have none.
 */
export interface OutlierBounds {
  readonly median: number;
  readonly deviation: number;
  readonly low: number;
  readonly high: number;
}

const DEVIATIONS = 12;
/** Values in a factor's sample, and the latest rows that they are taken from. */
const SAMPLE = 4096;
const ROWS = 4096;
const COMPARABLE = new Set(["ratio", "percent", "deviations", "degrees"]);

export function isComparable(unit: string): boolean {
  return COMPARABLE.has(unit);
}

/** Bounds of a sample's values; null without values, or when more than half are one number. */
export function outlierBounds(sample: Float64Array): OutlierBounds | null {
  if (sample.length === 0) return null;
  const median = middle(sample.sort());
  const deviation = middle(sample.map((value) => Math.abs(value - median)).sort());
  if (!(deviation > 0)) return null;
  return { median, deviation, low: median - DEVIATIONS * deviation, high: median + DEVIATIONS * deviation };
}

function middle(sorted: Float64Array): number {
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Bounds of factors by name, from the values of a few blocks. A damaged block, reported where it is scanned, gives none. */
export async function sampledBounds(
  snapshot: StoreSnapshot,
  from: { readonly set: string; readonly blocks: readonly number[]; readonly factors: readonly string[] },
): Promise<ReadonlyMap<string, OutlierBounds>> {
  const { set, blocks, factors } = from;
  const samples = new Map(factors.map((name) => [name, { values: new Float64Array(SAMPLE), length: 0 }]));
  const to = snapshot.time.days.length;
  const rows = { from: Math.max(0, to - ROWS), to };
  for (const block of blocks) {
    const stored = await unlessDamaged(snapshot.readBlock(set, block, factors, rows));
    for (const [name, values] of stored ?? []) {
      const sample = samples.get(name)!;
      // Odd, so that every lane has its turn.
      const step = Math.max(1, Math.ceil((values.length * blocks.length) / SAMPLE)) | 1;
      for (let at = 0; at < values.length && sample.length < SAMPLE; at += step) {
        const value = values[at]!;
        if (Number.isFinite(value)) sample.values[sample.length++] = value;
      }
    }
  }
  const bounds = new Map<string, OutlierBounds>();
  for (const [name, { values, length }] of samples) {
    const found = outlierBounds(values.subarray(0, length));
    if (found !== null) bounds.set(name, found);
  }
  return bounds;
}

async function unlessDamaged<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof DataError && error.code === "STORE_DAMAGED") return null;
    throw error;
  }
}
