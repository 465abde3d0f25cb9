import { describe, expect, test } from "vitest";
import { backends, differences, valuesOf, walk } from "../testing/one-instrument.ts";
import { base } from "./base.ts";

const bars = walk(100, 3);

const sum = (x: readonly number[]): number => x.reduce((total, value) => total + value, 0);

describe.each(backends)("the base set through %s", (backend) => {
  const values = valuesOf(base, bars, backend);

  test("has each statistic over the five windows under the names of precomputed tables", () => {
    const names = base.factors.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["MEAN_5", "STD_20", "CORR_10", "QUANTILE80_60", "VOLUME_STD_30"]),
    );
    expect(names).toHaveLength(19 * 5);
    expect(new Set(names).size).toBe(names.length);
  });

  test("is Qlib's statistic of the close: short windows at the first rows, missing days left out", () => {
    const { close, volume } = bars;
    const there = (at: number, rows: number): number[] =>
      close.slice(Math.max(0, at + 1 - rows), at + 1).filter(Number.isFinite);
    const restated: Readonly<Record<string, (at: number) => number>> = {
      MEAN_5: (at) => sum(there(at, 5)) / there(at, 5).length,
      SUM_20: (at) => sum(there(at, 20)),
      MAX_10: (at) => Math.max(...there(at, 10)),
      MIN_30: (at) => Math.min(...there(at, 30)),
      RANK_10: (at) => there(at, 10).filter((value) => value <= close[at]!).length / there(at, 10).length,
      DELTA_5: (at) => close[at]! - (close[at - 5] ?? Number.NaN),
      CHANGE_5: (at) => close[at]! / (close[at - 5] ?? Number.NaN) - 1,
      VOLUME_MEAN_5: (at) => {
        const window = volume.slice(Math.max(0, at - 4), at + 1);
        return sum(window) / window.length;
      },
    };
    for (const [name, of] of Object.entries(restated)) {
      const expected = close.map((value, at) =>
        name.startsWith("RANK") && Number.isNaN(value) ? Number.NaN : of(at),
      );
      expect(differences(values.get(name)!, expected, 1e-6), name).toEqual([]);
    }
  });
});
