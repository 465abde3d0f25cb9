import { describe, expect, test } from "vitest";
import { factorSet } from "#factors/catalogue";
import { computeFactors } from "#factors/compute";
import { columnOf, panelOf, type Panel } from "#panel/panel";
import { noise } from "../../testing/stored-market.ts";
import { chains, declaredRanges, ordersOf, rangeOf } from "./factor-ranges.ts";
import { toleranceOf } from "./tolerance.ts";

const ROWS = 260;
const LANES = 6;

/** Bars in order: quiet and wild instruments, flat days, suspensions, days without volume, a late listing. */
function market(): Panel<"market"> {
  const names = ["open", "high", "low", "close", "vwap", "volume"] as const;
  const columns = names.map((name) => ({ name, values: new Float32Array(ROWS * LANES).fill(Number.NaN) }));
  for (let lane = 0; lane < LANES; lane++) {
    let close = 3 + 300 * noise(lane, 9);
    for (let row = 0; row < ROWS; row++) {
      const random = (what: number): number => noise(lane, row, what);
      if (random(1) < 0.04) continue;
      const open = close * (1 + 0.04 * (random(2) - 0.5));
      const isFlat = random(3) < 0.06;
      close = isFlat ? close : open * (1 + (lane + 1) * 0.02 * (random(4) - 0.5));
      const high = isFlat ? close : Math.max(open, close) * (1 + 0.02 * random(5));
      const low = isFlat ? close : Math.min(open, close) * (1 - 0.02 * random(6));
      const volume = random(7) < 0.02 ? 0 : Math.floor(1e6 * random(8));
      const vwap = volume > 0 ? (high + low + close) / 3 : Number.NaN;
      const bar = [isFlat ? close : open, high, low, close, vwap, volume];
      for (const [field, value] of bar.entries()) columns[field]!.values[row * LANES + lane] = value;
    }
  }
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: ROWS }, (_, row) => 19_000 + row) },
    instruments: Array.from({ length: LANES }, (_, lane) => `I${lane}`),
    first: Int32Array.from({ length: LANES }, (_, lane) => (lane === 4 ? 120 : 0)),
    last: new Int32Array(LANES).fill(ROWS - 1),
    columns,
  });
}

const panel = market();

describe.each(Object.keys(declaredRanges))("ranges of %s", (name) => {
  const set = factorSet(name);

  test("hold for every value of bars that are in order", () => {
    const computed = computeFactors(set, panel).panel;
    const outside = set.factors.flatMap(({ name: factor, unit }) => {
      const range = rangeOf(name, factor, unit);
      if (range === null) return [];
      const { values } = columnOf(computed, factor);
      const wrong = values.find((value) => value < range.low || value > range.high);
      return wrong === undefined ? [] : [`${factor}: ${wrong} outside ${range.low} … ${range.high}`];
    });
    expect(outside).toEqual([]);
    for (const { lower, upper } of ordersOf(name, new Set(set.factors.map((factor) => factor.name)))) {
      const [below, above] = [columnOf(computed, lower).values, columnOf(computed, upper).values];
      const { relative, absolute } = toleranceOf(upper);
      const wrong = below.findIndex(
        (value, at) => value - above[at]! > absolute + relative * Math.abs(above[at]!),
      );
      expect(wrong, `${lower} ≤ ${upper}`).toBe(-1);
    }
  });

  test("are each of some factor of the set", () => {
    const names = set.factors.map((factor) => factor.name);
    const dead = declaredRanges[name]!.filter(
      ([pattern], index) =>
        names.find((factor) => declaredRanges[name]!.findIndex(([each]) => each.test(factor)) === index) ===
          undefined && pattern !== undefined,
    );
    expect(dead.map(([pattern]) => String(pattern))).toEqual([]);
    for (const each of (chains[name] ?? []).flat()) expect(names).toContain(each);
  });
});

test("flags and candlestick signals have the range of their unit, other factors without a declaration none", () => {
  expect(rangeOf("mine", "X", "flag")).toMatchObject({ reason: "0 or 1" });
  expect(rangeOf("candle", "DOJI", "signal")!.high).toBeCloseTo(200, 2);
  expect(rangeOf("mine", "RSI14", "percent")).toBeNull();
});
