import { expect, test } from "vitest";
import { panelOf } from "#panel/panel";
import type { Column, Panel } from "#panel/panel";
import { rankAutocorrelation } from "./autocorrelation.ts";
import { demeaned } from "./demean.ts";
import { evaluateFactors } from "./evaluation.ts";
import type { EvaluationInput } from "./evaluation.ts";
import type { Grid } from "./grid.ts";
import { stream } from "./grid-fixture.ts";
import { informationCoefficient } from "./information-coefficient.ts";
import { bucketMeans, quantileReturns, spreadOf } from "./quantile-returns.ts";
import { quantileBuckets } from "./quantiles.ts";
import { meanOf } from "./series-statistics.ts";
import { defaultSettings } from "./settings.ts";
import { evaluateFactor, evaluationContext } from "./summary.ts";
import { bucketTurnover } from "./turnover.ts";

const rows = 60;
const lanes = 40;

/** A label, a factor that foresees half of it, its double, noise, and a factor that is never there. */
function input(horizon = 1): EvaluationInput {
  const random = stream(7);
  const noise = () => Float64Array.from({ length: rows * lanes }, () => random() + random() + random() - 1.5);
  const label = noise().map((value) => value * 0.02);
  const other = noise();
  const good = label.map((value, cell) => value * 50 + other[cell]! * 0.5);
  const columns: Column[] = [
    { name: "noise", values: noise() },
    { name: "good", values: good },
    { name: "twin", values: good.map((value) => Math.exp(value)) },
    { name: "absent", values: new Float32Array(rows * lanes).fill(Number.NaN) },
  ];
  const axes = {
    time: { freq: "day", days: Int32Array.from({ length: rows }, (_, row) => 17_000 + row) } as const,
    instruments: Array.from({ length: lanes }, (_, lane) => `E${lane}`),
    first: new Int32Array(lanes),
    last: new Int32Array(lanes).fill(rows - 1),
  };
  return {
    factors: panelOf({ role: "factor", ...axes, columns }),
    labels: {
      panel: panelOf({ role: "label", ...axes, columns: [{ name: "r", values: label }] }),
      meanings: [
        {
          name: "r",
          entryLag: 1,
          horizon,
          expression: "Ref($close, -2)/Ref($close, -1) - 1",
          lookAhead: 2,
          kind: "simple",
        },
      ],
    },
    groupOf: (instrument) => (Number(instrument.slice(1)) < 30 ? "big" : null),
    settings: { minInstruments: 20, detailed: 3, periodsPerYear: 250 },
  };
}

test("a factor that foresees the label stands first; its copy is redundant and gets no detail", () => {
  const evaluation = evaluateFactors(input());
  const [noise, good, twin, absent] = evaluation.factors;
  expect(good!.rankIc.mean).toBeGreaterThan(0.5);
  expect(twin!.rankIc.mean).toBeCloseTo(good!.rankIc.mean, 12);
  expect(Math.abs(noise!.rankIc.tNeweyWest)).toBeLessThan(3);
  expect(absent!.rankIc.days).toBe(0);
  expect(absent!.coverage).toBe(0);
  expect(evaluation.details.map((detail) => detail.name)).toEqual(["good", "noise"]);
  expect(evaluation.closest[1]).toEqual({ name: "twin", correlation: 1 });
  expect(evaluation.testing.tests).toBe(3);
  expect(evaluation.groups).toMatchObject({ names: 2, large: 2, ungroupedShare: 0.25 });
  expect(evaluation.details[0]!.groups.map((group) => group.group)).toEqual(["big", "(none)"]);
  expect(evaluation.details[0]!.monthly.months.length).toBeGreaterThan(1);
});

test("a table row equals what the single functions say", () => {
  const given = input();
  const { factors } = evaluateFactors(given);
  const grid = (name: string, panel = given.factors) => ({
    rows,
    lanes,
    values: panel.columns.get(name)!.values,
  });
  const label = { rows, lanes, values: given.labels.panel.columns.get("r")!.values };
  const good = factors[1]!;
  const ic = informationCoefficient(grid("good"), label, { method: "pearson", minInstruments: 20 });
  const buckets = quantileBuckets(grid("good"), { quantiles: 5 });
  const spread = spreadOf(quantileReturns(buckets, label));
  expect(good.ic.mean).toBe(meanOf(ic.values));
  expect(good.spread.mean).toBe(meanOf(spread.values));
  expect(good.annualSpread).toBe(meanOf(spread.values) * 250);
  expect(good.annualTopExcess).toBeCloseTo(
    bucketMeans(quantileReturns(buckets, demeaned(label)))[4]!.mean * 250,
    12,
  );
  expect(good.turnover).toBe((meanOf(bucketTurnover(buckets, 5)) + meanOf(bucketTurnover(buckets, 1))) / 2);
  expect(good.autocorrelation).toBe(meanOf(rankAutocorrelation(grid("good"))));
});

/** The first days of a column. */
function cutGrid(panel: Panel, name: string, days: number): Grid {
  return { rows: days, lanes, values: panel.columns.get(name)!.values.slice(0, days * lanes) };
}

test("no daily figure changes when the days after it are cut off", () => {
  const given = input();
  const seriesOf = (days: number) => {
    const label = cutGrid(given.labels.panel, "r", days);
    const context = evaluationContext({
      label,
      horizon: 1,
      universe: label,
      settings: { ...defaultSettings, minInstruments: 20 },
    });
    return evaluateFactor("good", cutGrid(given.factors, "good", days), context).series;
  };
  const whole = seriesOf(rows);
  for (const days of [1, 2, 17, 59]) {
    const cut = seriesOf(days);
    expect(cut.ic.values).toEqual(whole.ic.values.slice(0, days));
    expect(cut.rankIc.values).toEqual(whole.rankIc.values.slice(0, days));
    expect(cut.buckets.values).toEqual(whole.buckets.values.slice(0, days * lanes));
    expect(cut.spread.values).toEqual(whole.spread.values.slice(0, days));
    expect(cut.topTurnover).toEqual(whole.topTurnover.slice(0, days));
    expect(cut.autocorrelation).toEqual(whole.autocorrelation.slice(0, days));
  }
});

test("the decay curve is in the order of its horizons, whatever the order of the labels", () => {
  const given = input();
  const [meaning] = given.labels.meanings;
  const meanings = [3, 1, 2].map((horizon) => ({ ...meaning!, horizon }));
  const evaluation = evaluateFactors({ ...given, labels: { ...given.labels, meanings } });
  expect(evaluation.label.horizon).toBe(3);
  expect(evaluation.details[0]!.decay.map((point) => point.horizon)).toEqual([1, 2, 3]);
});

test("a label held for several rows needs longer lags and has no compounded net value", () => {
  const evaluation = evaluateFactors(input(15));
  expect(evaluation.factors[1]!.rankIc.lag).toBe(14);
  expect(evaluation.factors[1]!.annualSpread).toBe((evaluation.factors[1]!.spread.mean * 250) / 15);
  expect(evaluation.details[0]!.netValues).toBeNull();
});

test("days with fewer instruments than the minimum are left out and counted", () => {
  const evaluation = evaluateFactors({ ...input(), settings: { minInstruments: 41 } });
  expect(evaluation.factors[1]).toMatchObject({ thinDays: rows, coverage: 1 });
  expect(evaluation.factors[1]!.rankIc.days).toBe(0);
  expect(evaluation.factors[1]!.spread.days).toBe(0);
  expect(evaluation.details).toEqual([]);
  expect(evaluation.unlabelledDays).toBe(rows);
});

test("panels of other days or instruments are refused, and so is an evaluation without a label", () => {
  const given = input();
  const { panel } = given.labels;
  const moved = panelOf({
    ...panel,
    time: { freq: "day", days: panel.time.days.map((day) => day + 1) },
    columns: panel.columns.values(),
  });
  expect(() => evaluateFactors({ ...given, labels: { ...given.labels, panel: moved } })).toThrow(
    /other days/,
  );
  expect(() => evaluateFactors({ ...given, labels: { panel, meanings: [] } })).toThrow(/no label/);
});
