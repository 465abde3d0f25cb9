import { computeFactors } from "../compute.ts";
import type { FactorSet } from "../factor-set.ts";
import { dayOf } from "#market/day";
import { panelOf, type Panel } from "#panel/panel";

/** Bars of one instrument for tests that restate a formula slowly. NaN prices and volume 0 are a suspended day. */
export interface Bars {
  readonly open: readonly number[];
  readonly high: readonly number[];
  readonly low: readonly number[];
  readonly close: readonly number[];
  readonly volume: readonly number[];
}

/** A walk of `rows` bars, exact in float32, with a suspended day and a day without volume among them. */
export function walk(rows: number, seed = 1): Bars {
  let state = seed;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const bars = { open: [], high: [], low: [], close: [], volume: [] } as Record<keyof Bars, number[]>;
  let close = 10;
  for (let row = 0; row < rows; row++) {
    const open = close;
    close = Math.fround(close * (1 + (random() - 0.48) * 0.06));
    const suspended = row % 17 === 11;
    bars.open.push(suspended ? Number.NaN : open);
    bars.close.push(suspended ? Number.NaN : close);
    bars.high.push(suspended ? Number.NaN : Math.fround(Math.max(open, close) * 1.01));
    bars.low.push(suspended ? Number.NaN : Math.fround(Math.min(open, close) * 0.99));
    bars.volume.push(suspended || row % 23 === 19 ? 0 : Math.round(1e6 * (0.5 + random())));
  }
  return bars;
}

export function panelOfBars(bars: Bars, start = "2024-01-01"): Panel<"market"> {
  const rows = bars.close.length;
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: rows }, (_, row) => dayOf(start) + row) },
    instruments: ["A"],
    first: Int32Array.of(0),
    last: Int32Array.of(rows - 1),
    columns: Object.entries(bars).map(([name, values]) => ({
      name,
      values: Float32Array.from(values as number[]),
    })),
  });
}

export const backends = ["wasm", "js"] as const;

/** Values of every factor of the set, by name. */
export function valuesOf(
  set: FactorSet,
  bars: Bars,
  backend: (typeof backends)[number],
): ReadonlyMap<string, readonly number[]> {
  const { panel, failures } = computeFactors(set, panelOfBars(bars), { precision: "f64", backend });
  if (failures.length > 0) throw failures[0]!.error;
  return new Map([...panel.columns.values()].map(({ name, values }) => [name, [...values]]));
}

/** `of` the values that are there in the last `rows` rows up to each, NaN while there are fewer rows. */
export function rolling(
  x: readonly number[],
  rows: number,
  of: (values: readonly number[]) => number,
): number[] {
  return x.map((_, at) =>
    at + 1 < rows ? Number.NaN : of(x.slice(at + 1 - rows, at + 1).filter(Number.isFinite)),
  );
}

export const mean = (x: readonly number[]): number => x.reduce((sum, value) => sum + value, 0) / x.length;

export function deviation(x: readonly number[]): number {
  if (x.length < 2) return Number.NaN;
  const centre = mean(x);
  return Math.sqrt(x.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (x.length - 1));
}

export const changeOver = (x: readonly number[], rows: number): number[] =>
  x.map((value, at) => value / (x[at - rows] ?? Number.NaN) - 1);

/** Cells where the two differ by more than `tolerance` of their size (or of 1), or one only is NaN. */
export function differences(
  actual: readonly number[],
  expected: readonly number[],
  tolerance: number,
): string[] {
  return expected.flatMap((wanted, row) => {
    const found = actual[row]!;
    if (Number.isNaN(wanted) && Number.isNaN(found)) return [];
    const near = Math.abs(found - wanted) <= tolerance * Math.max(1, Math.abs(wanted));
    return near ? [] : [`row ${row}: ${found}, expected ${wanted}`];
  });
}
