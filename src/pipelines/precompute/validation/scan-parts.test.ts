import { expect, test } from "vitest";
import { panelOf } from "#panel/panel";
import { scanColumn } from "./column-scan.ts";
import { InputStreaks } from "./input-streaks.ts";
import { outlierBounds } from "./outlier-bounds.ts";
import { compareSeries } from "./reference-check.ts";
import { ScoreCard, scoreOf } from "./score.ts";
import { SeededChoice } from "./seeded-choice.ts";

test("streaks of inputs begin anew after a missing one, and only inside an instrument's span", () => {
  const panel = panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.of(1, 2, 3, 4, 5) },
    instruments: ["A", "B"],
    first: Int32Array.of(0, 2),
    last: Int32Array.of(4, 3),
    columns: [
      { name: "close", values: Float32Array.of(1, 9, 1, 9, NaN, 9, 1, 9, 1, 9) },
      { name: "volume", values: Float32Array.of(1, 1, 1, 1, 1, 1, 1, NaN, 1, 1) },
    ],
  });
  const streaks = new InputStreaks(panel);
  expect([...streaks.of(["close"])]).toEqual([1, 0, 2, 0, 0, 1, 1, 2, 2, 0]);
  expect([...streaks.of(["close", "volume"])]).toEqual([1, 0, 2, 0, 0, 1, 1, 0, 2, 0]);
  expect([...streaks.of([])]).toEqual([1, 0, 2, 0, 3, 1, 4, 2, 5, 0]);
  expect([0, 1, 2].map((need) => streaks.complete(["close"], need))).toEqual([6, 3, 0]);
});

test("a scan counts values, and hands on gaps with complete inputs and what is out of bounds", () => {
  const seen: unknown[] = [];
  const facts = { values: 0, least: Infinity, greatest: -Infinity };
  scanColumn(
    Float32Array.of(NaN, 1, NaN, -Infinity, 7, 2),
    {
      streaks: Int32Array.of(9, 9, 1, 2, 3, 4, 5, 6),
      offset: 2,
      need: 2,
      low: 0,
      high: 5,
      gap: (cell) => seen.push(["gap", cell]),
      odd: (cell, value) => seen.push(["odd", cell, value]),
    },
    facts,
  );
  expect(seen).toEqual([
    ["gap", 4],
    ["odd", 5, -Infinity],
    ["odd", 6, 7],
  ]);
  expect(facts).toEqual({ values: 4, least: -Infinity, greatest: 7 });
});

test("outliers are told by twelve median absolute deviations, which one of them does not move", () => {
  const sample = Float64Array.from({ length: 101 }, (_, at) => at - 50);
  expect(outlierBounds(sample.slice())).toEqual({ median: 0, deviation: 25, low: -300, high: 300 });
  expect(outlierBounds(Float64Array.from([...sample, 1e9, -1e9]))).toMatchObject({
    median: 0,
    deviation: 26,
  });
  expect(outlierBounds(new Float64Array(50).fill(3))).toBeNull();
  expect(outlierBounds(new Float64Array(0))).toBeNull();
});

test("a series is compared within the tolerance of its factor; what is missing is told from what is wrong", () => {
  const stored = Float64Array.of(1, NaN, NaN, 2, Infinity, Infinity, 0.50003, 100.0005);
  const reference = Float64Array.of(1, NaN, 3, NaN, Infinity, 5, 0.5, 100);
  const series = { factor: 0, lane: 0, stored, reference };
  expect(compareSeries(series, "MA5")).toEqual({
    cells: 8,
    equal: 3,
    holes: [2],
    wrong: [3, 5, 6],
    worst: 3,
  });
  expect(compareSeries(series, "CORR5").wrong).toEqual([3, 5]);
});

test("choices repeat with their seed, keep their order and reach everything", () => {
  const items = Array.from({ length: 40 }, (_, index) => index);
  const chosen = new SeededChoice(7).some(items, 10);
  expect(chosen).toEqual(new SeededChoice(7).some(items, 10));
  expect(chosen).toEqual([...new Set(chosen)].sort((a, b) => a - b));
  expect(chosen).toHaveLength(10);
  expect(new SeededChoice(7).some(items, 99)).toEqual(items);
  const choice = new SeededChoice(1);
  const reached = new Set(Array.from({ length: 200 }, () => choice.some(items, 3)).flat());
  expect(reached.size).toBe(items.length);
});

test("the score weighs what was looked at, and an error keeps it below good", () => {
  const card = new ScoreCard();
  card.add("completeness", "cells", { checked: 1000, bad: 10 });
  card.add("consistency", "cells", { checked: 1000 });
  const dimensions = card.dimensions();
  expect(dimensions.map(({ dimension, score }) => [dimension, score])).toEqual([
    ["completeness", 80],
    ["consistency", 100],
    ["integrity", null],
    ["quality", null],
    ["freshness", null],
  ]);
  expect(scoreOf(dimensions, true)).toEqual({ score: 90, level: "good" });
  expect(scoreOf(dimensions, false)).toEqual({ score: 84, level: "fair" });
  card.add("consistency", "cells", { bad: 1 });
  expect(scoreOf(card.dimensions(), false)).toEqual({ score: 40, level: "unusable" });
});
