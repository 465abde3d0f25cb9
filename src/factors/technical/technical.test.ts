import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { buildGraph } from "#expression/ir/build";
import { lookAheadOf } from "#expression/operators/reach";
import { evaluateExpressions } from "#expression/run/evaluate";
import { panelOf } from "#panel/panel";
import { technical } from "./technical.ts";
import { textbook, type Bars } from "./testing/textbook.ts";

const FIELDS = ["open", "high", "low", "close", "volume"] as const;
const names = technical.factors.map(({ name }) => name);

/** Every factor on one instrument, with float64 fields unless told. */
function computed(bars: Bars, fields: "f32" | "f64" = "f64"): Map<string, ArrayLike<number>> {
  const rows = bars.close.length;
  const panel = panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: rows }, (_, row) => row) },
    instruments: ["X"],
    first: Int32Array.of(0),
    last: Int32Array.of(rows - 1),
    columns: FIELDS.map((name) => ({ name, values: Float64Array.from(bars[name]) })),
  });
  const columns = evaluateExpressions(buildGraph(technical.factors, { fields }), panel, { precision: "f64" });
  return new Map(columns.map(({ name, values }) => [name, values]));
}

/** Factors that differ from the textbook by more than 1e-9 of their largest value, or `least`, each with its first row. */
function differing(bars: Bars, least = 0): string[] {
  const ours = computed(bars);
  const theirs = textbook(bars);
  return names.flatMap((name) => {
    const expected = theirs[name]!;
    const found = ours.get(name)!;
    const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value) || 0), 0);
    const row = expected.findIndex((value, t) => {
      if (Number.isNaN(value) !== Number.isNaN(found[t]!)) return true;
      return Math.abs(value - found[t]!) > Math.max(1e-9 * scale, least);
    });
    return row < 0 ? [] : [`${name} row ${row}: ${found[row]}, by the textbook ${expected[row]}`];
  });
}

/** Real bars: the first days of the shipped BTCUSDT series. */
function realBars(rows: number): Bars {
  const text = readFileSync(
    new URL("../../../fixtures/btcusdt-daily/btcusdt-1d.csv", import.meta.url),
    "utf8",
  );
  const [head, ...lines] = text.trim().split("\n");
  const place = head!.split(",");
  const column = (name: string): number[] =>
    lines.slice(0, rows).map((line) => Number(line.split(",")[place.indexOf(name)]));
  return {
    open: column("open"),
    high: column("high"),
    low: column("low"),
    close: column("close"),
    volume: column("volume"),
  };
}

function map(bars: Bars, of: (value: number, name: (typeof FIELDS)[number], row: number) => number): Bars {
  const changed = FIELDS.map((name) => [name, bars[name].map((value, row) => of(value, name, row))]);
  return Object.fromEntries(changed);
}

/** The same with days on which nothing was traded: prices missing, volume 0. */
function suspended(bars: Bars, days: ReadonlySet<number>): Bars {
  return map(bars, (value, name, row) => (days.has(row) ? (name === "volume" ? 0 : Number.NaN) : value));
}

const bars = realBars(220);
const gaps = new Set([3, 40, 41, 42, 43, 44, 80, 81, 120, ...Array.from({ length: 35 }, (_, k) => 150 + k)]);

describe("the technical set", () => {
  test("has every factor of the textbook, and the textbook every factor", () => {
    expect([...names].sort()).toEqual(Object.keys(textbook(bars)).sort());
    expect(new Set(names).size).toBe(names.length);
  });

  test("is what the textbook says on real bars", () => {
    expect(differing(bars)).toEqual([]);
    const values = computed(bars);
    const empty = names.filter((name) => Array.from(values.get(name)!).filter(Number.isFinite).length < 130);
    expect(empty).toEqual([]);
  });

  test("is what the textbook says when days are missing, the first one too", () => {
    expect(differing(suspended(bars, gaps))).toEqual([]);
    expect(differing(suspended(bars, new Set([0, 1, 17])))).toEqual([]);
  });

  test("is what the textbook says on prices that never move, on one bar and on two", () => {
    // Where ours is exactly 0, sums of weights are only nearly so.
    expect(
      differing(
        map(bars, () => 7),
        1e-12,
      ),
    ).toEqual([]);
    expect(differing(realBars(1))).toEqual([]);
    expect(differing(realBars(2))).toEqual([]);
  });

  test("is what the textbook says at scales of 1e12 and 1e-12", () => {
    for (const scale of [1e12, 1e-12]) {
      const scaled = map(bars, (value, name) => (name === "volume" ? value / scale : value * scale));
      expect(differing(scaled)).toEqual([]);
    }
  });

  test("moves with the price or not at all, to the bit, when prices are multiplied by a power of 2", () => {
    const once = computed(bars);
    for (const factor of [2 ** 40, 2 ** -40]) {
      const scaled = computed(map(bars, (value, name) => (name === "volume" ? value : value * factor)));
      const powers: Readonly<Record<string, number>> = {
        price: factor,
        "price a session": factor,
        "price squared": factor * factor,
      };
      const moved = technical.factors.filter(({ name, unit }) => {
        if (unit === "degrees") return false;
        const times = powers[unit] ?? 1;
        const before = once.get(name)!;
        return Array.from(scaled.get(name)!).some((value, row) => !Object.is(value, before[row]! * times));
      });
      expect(moved.map(({ name }) => name)).toEqual([]);
    }
  });

  test("stays close to itself with Qlib's float32 fields", () => {
    const [single, double] = [computed(bars, "f32"), computed(bars)];
    const off = names.filter((name) => {
      const values = Array.from(double.get(name)!);
      const scale = values.reduce((most, value) => Math.max(most, Math.abs(value) || 0), 0);
      return values.some((value, row) => Math.abs(value - single.get(name)![row]!) > 3e-5 * scale);
    });
    expect(off).toEqual([]);
  });

  test("never looks ahead, and says what each factor is in both languages", () => {
    const graph = buildGraph(technical.factors);
    expect(graph.outputs.filter(({ node }) => lookAheadOf(graph.nodes[node]!.reach) > 0)).toEqual([]);
    const silent = technical.factors.filter(({ title, description, formula, source, category, unit }) =>
      [title.zh, title.en, description.zh, description.en, formula, source, category, unit].includes(""),
    );
    expect(silent).toEqual([]);
  });

  test("gives the requirement's short names to one factor each", () => {
    const short = technical.factors.flatMap(({ alias }) => (alias === undefined ? [] : [alias]));
    expect(new Set([...names, ...short]).size).toBe(names.length + short.length);
    const wanted =
      "MA5 MA10 MA20 MA60 SMA EMA WMA RSI STOCH_K STOCH_D WILLIAMS_R CCI MOMENTUM ROC MACD MACD_SIGNAL MACD_HIST BOLLINGER_UPPER BOLLINGER_MIDDLE BOLLINGER_LOWER SAR ADX VWAP OBV AD_LINE VOLUME_RSI ATR VOLATILITY HISTORICAL_VOLATILITY KDJ_K KDJ_D KDJ_J TRIX";
    expect(wanted.split(" ").filter((name) => ![...names, ...short].includes(name))).toEqual([]);
  });
});
