import { assert, integer, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { dayOf } from "#market/day";
import { gridFrom, grids } from "./grid-fixture.ts";
import type { Grid } from "./grid.ts";
import { groupGrid, UNGROUPED } from "./groups.ts";
import { informationCoefficient, informationCoefficientByGroup } from "./information-coefficient.ts";

function rank(values: number[]): number[] {
  return values.map(
    (value) =>
      values.filter((other) => other < value).length +
      (values.filter((other) => other === value).length + 1) / 2,
  );
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function product(a: number[], b: number[]): number {
  return a.reduce((sum, value, k) => sum + value * b[k]!, 0);
}

/** The textbook: collect the pairs, rank by counting, correlate by raw sums. */
function slowIc(factor: Grid, label: Grid, row: number, method: "pearson" | "spearman"): number {
  const pairs: [number, number][] = [];
  for (let cell = row * factor.lanes; cell < (row + 1) * factor.lanes; cell++) {
    const [x, y] = [factor.values[cell]!, label.values[cell]!];
    if (Number.isFinite(x) && Number.isFinite(y)) pairs.push([x, y]);
  }
  let x = pairs.map((pair) => pair[0]);
  let y = pairs.map((pair) => pair[1]);
  if (method === "spearman") [x, y] = [rank(x), rank(y)];
  if (new Set(x).size < 2 || new Set(y).size < 2) return Number.NaN;
  const [mx, my] = [mean(x), mean(y)];
  const dx = x.map((value) => value - mx);
  const dy = y.map((value) => value - my);
  return product(dx, dy) / Math.sqrt(product(dx, dx) * product(dy, dy));
}

function allNear(series: Float64Array, to: number): boolean {
  return series.every((value) => Number.isNaN(value) || Math.abs(value - to) < 1e-12);
}

/** Largest difference, or infinity when one is missing where the other is not. */
function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0;
  for (let k = 0; k < a.length; k++) {
    if (Number.isNaN(a[k]!) !== Number.isNaN(b[k]!)) return Number.POSITIVE_INFINITY;
    if (!Number.isNaN(a[k]!)) most = Math.max(most, Math.abs(a[k]! - b[k]!));
  }
  return most;
}

describe.each(["pearson", "spearman"] as const)("%s", (method) => {
  test("equals the textbook", () => {
    assert(
      property(grids(2), ([factor, label]) => {
        const fast = informationCoefficient(factor!, label!, { method, minInstruments: 2 }).values;
        const slow = Array.from(fast, (_, row) => slowIc(factor!, label!, row, method));
        expect(apart(fast, slow)).toBeLessThan(1e-9);
      }),
    );
  });

  test("does not depend on the order of the instruments", () => {
    assert(
      property(grids(2), integer({ min: 1, max: 1000 }), ([factor, label], by) => {
        const turn = (grid: Grid): Grid => ({
          ...grid,
          values: grid.values.map((_, cell) => {
            const row = Math.floor(cell / grid.lanes);
            return grid.values[row * grid.lanes + (((cell % grid.lanes) + by) % grid.lanes)]!;
          }),
        });
        const straight = informationCoefficient(factor!, label!, { method, minInstruments: 2 });
        const turned = informationCoefficient(turn(factor!), turn(label!), { method, minInstruments: 2 });
        expect(apart(straight.values, turned.values)).toBeLessThan(1e-9);
        expect(turned.pairs).toEqual(straight.pairs);
      }),
    );
  });

  test("a day's value does not change when the days after it are cut off", () => {
    assert(
      property(grids(2), ([factor, label]) => {
        const whole = informationCoefficient(factor!, label!, { method, minInstruments: 2 }).values;
        for (let rows = 1; rows <= factor!.rows; rows++) {
          const cut = (grid: Grid): Grid => ({
            ...grid,
            rows,
            values: grid.values.slice(0, rows * grid.lanes),
          });
          const early = informationCoefficient(cut(factor!), cut(label!), {
            method,
            minInstruments: 2,
          }).values;
          expect(early).toEqual(whole.slice(0, rows));
        }
      }),
    );
  });
});

test("the rank IC of a rising function of the label is 1, of a falling one −1", () => {
  assert(
    property(grids(1), ([label]) => {
      const through = (rule: (value: number) => number): Grid => ({
        ...label!,
        values: label!.values.map(rule),
      });
      const rising = informationCoefficient(
        through((value) => Math.atan(value) * 3 + 1),
        label!,
        { minInstruments: 2 },
      );
      const falling = informationCoefficient(
        through((value) => -(value ** 3)),
        label!,
        { minInstruments: 2 },
      );
      // atan maps ±∞ to finite values, but the label is missing there.
      expect(allNear(rising.values, 1)).toBe(true);
      expect(allNear(falling.values, -1)).toBe(true);
    }),
  );
});

test("thin and flat days have no value and are counted", () => {
  const factor = gridFrom([
    [1, 2, 3, 4],
    [1, Number.NaN, 3, 4],
    [7, 7, 7, 7],
    [Number.NaN, Number.NaN, Number.NaN, Number.NaN],
  ]);
  const label = gridFrom([
    [1, 2, 3, 5],
    [1, 2, 3, Number.NaN],
    [1, 2, 3, 4],
    [1, 2, 3, 4],
  ]);
  const ic = informationCoefficient(factor, label, { minInstruments: 4 });
  expect([...ic.values]).toEqual([1, Number.NaN, Number.NaN, Number.NaN]);
  expect([...ic.pairs]).toEqual([4, 2, 4, 0]);
  expect(ic).toMatchObject({ thinDays: 1, flatDays: 1 });
});

test("grids of different shape and a minimum below 2 are refused", () => {
  const grid = gridFrom([[1, 2]]);
  expect(() => informationCoefficient(grid, gridFrom([[1, 2, 3]]))).toThrow(/align the panels/);
  expect(() => informationCoefficient(grid, grid, { minInstruments: 1 })).toThrow(/minInstruments is 1/);
});

test("groups are read as of the day, and the unknown have a named group", () => {
  const days = Int32Array.of(dayOf("2019-01-02"), dayOf("2019-01-03"));
  const instruments = ["A", "B", "C", "D"];
  const groupOf = (name: string, day: number) => {
    if (name === "D") return null;
    return name === "C" && day > days[0]! ? "bank" : name === "C" ? "steel" : "bank";
  };
  const groups = groupGrid({ freq: "day", days }, instruments, groupOf);
  expect(groups.names).toEqual(["bank", "steel", UNGROUPED]);
  expect([...groups.index]).toEqual([0, 0, 1, 2, 0, 0, 0, 2]);
  const factor = gridFrom([
    [1, 2, 3, 4],
    [1, 2, 3, 4],
  ]);
  const label = gridFrom([
    [1, 2, 0, 0],
    [3, 2, 1, 0],
  ]);
  const byGroup = informationCoefficientByGroup(factor, label, { groups, minInstruments: 2 });
  expect([...byGroup.keys()]).toEqual(["bank"]);
  expect([...byGroup.get("bank")!.values]).toEqual([1, -1]);
});
