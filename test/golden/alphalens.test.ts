/**
 * Factor evaluation against what alphalens-reloaded 0.4.4 and Qlib's formulas gave on the same numbers. All 43 results
 * have a counterpart; a test below fails when the set holds one that is not covered.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { alphaBeta } from "#evaluation/factor/alpha-beta";
import { rankAutocorrelation } from "#evaluation/factor/autocorrelation";
import { netValue } from "#evaluation/factor/cumulative";
import { dailyMeans, demeaned } from "#evaluation/factor/demean";
import { eventStudy } from "#evaluation/factor/event-study";
import { factorWeights, weightedReturns } from "#evaluation/factor/factor-weights";
import { commonSample } from "#evaluation/factor/grid";
import type { Grid } from "#evaluation/factor/grid";
import { groupGrid } from "#evaluation/factor/groups";
import {
  informationCoefficient,
  informationCoefficientByGroup,
} from "#evaluation/factor/information-coefficient";
import { longShort } from "#evaluation/factor/long-short";
import { monthlyMeans } from "#evaluation/factor/monthly";
import { bucketMeans, quantileReturns, spreadOf } from "#evaluation/factor/quantile-returns";
import { quantileBuckets } from "#evaluation/factor/quantiles";
import type { QuantileOptions } from "#evaluation/factor/quantiles";
import { convertedDeviation, convertedRate } from "#evaluation/factor/rate-conversion";
import { meanOf, seriesStatistics } from "#evaluation/factor/series-statistics";
import { bucketTurnover } from "#evaluation/factor/turnover";
import { forwardReturn } from "#labels/forward-return";
import { dayOf, isoOf } from "#market/day";
import { panelOf } from "#panel/panel";

const folder = resolve(process.env["GOLDEN_DIR"] ?? "../shared/golden", "indicators/alphalens");
const relative = 1e-10;

interface Frame {
  readonly index_names: readonly string[];
  readonly index: readonly (readonly (string | number)[])[];
  readonly columns: readonly (string | number)[];
  readonly data: readonly (readonly (number | null)[])[];
}

const text = (name: string) => gunzipSync(readFileSync(resolve(folder, name))).toString("utf8");
const results = (
  JSON.parse(text("results.json.gz")) as { readonly results: Record<string, Frame | readonly Frame[]> }
).results;

const factorTable = wide("input_factor.csv.gz");
const priceTable = wide("input_prices.csv.gz");
const assets = priceTable.names;
const rows = factorTable.days.length;
const lanes = assets.length;
const time = { freq: "day", days: factorTable.days } as const;
const groupNames = JSON.parse(readFileSync(resolve(folder, "input_groups.json"), "utf8")) as Record<
  string,
  string
>;
const groups = groupGrid(time, assets, (asset) => groupNames[asset] ?? null);
const periods = ["1D", "5D", "10D"] as const;
const horizonOf = { "1D": 1, "5D": 5, "10D": 10 } as const;

const sample = (() => {
  const market = marketPanel(priceTable.days, priceTable.values);
  const labels = periods.map((period): Grid => {
    const horizon = horizonOf[period];
    const label = forwardReturn(market, { entryLag: 0, horizon, holes: "carry", name: period });
    return { rows, lanes, values: label.panel.columns.get(period)!.values.slice(0, rows * lanes) };
  });
  return commonSample({ rows, lanes, values: factorTable.values }, labels);
})();
const labelOf = (period: string) => sample.labels[periods.indexOf(period as (typeof periods)[number])]!;
const fifths = quantileBuckets(sample.factor, { quantiles: 5, ties: "skip" });

const covered = new Set<string>();
let compared = 0;

test("the clean sample holds alphalens' rows, returns and quantiles", () => {
  const [header, ...lines] = text("clean_factor_data.csv.gz").trim().split("\n");
  expect(header).toBe("date,asset,1D,5D,10D,factor,group,factor_quantile");
  let present = 0;
  for (const value of sample.factor.values) if (!Number.isNaN(value)) present++;
  expect(lines.length).toBe(present);
  for (const line of lines) {
    const [date, asset, one, five, ten, factor, group, quantile] = line.split(",");
    const cell = cellOf(date, asset!);
    [one, five, ten].forEach((value, k) => close(sample.labels[k]!.values[cell]!, Number(value), line));
    expect(sample.factor.values[cell]).toBe(Number(factor));
    expect(groups.names[groups.index[cell]!]).toBe(group);
    expect(fifths.values[cell]).toBe(Number(quantile));
  }
});

test.each<[string, QuantileOptions]>([
  ["q10", { quantiles: 10 }],
  ["q_custom", { quantiles: [0, 0.1, 0.5, 0.9, 1] }],
  ["bins4", { bins: 4 }],
  ["q_by_group", { quantiles: 3, groups }],
  ["q_zero_aware", { quantiles: 4, zeroAware: true }],
])("quantile variant %s equals alphalens' cell by cell", (name, options) => {
  const golden = wide(`quantiles_${name}.csv.gz`);
  const buckets = quantileBuckets(sample.factor, { ...options, ties: "skip" });
  let placed = 0;
  for (let row = 0; row < golden.days.length; row++) {
    const at = rowOf(isoOf(golden.days[row]!));
    for (let lane = 0; lane < lanes; lane++) {
      const expected = golden.values[row * lanes + lane]!;
      if (buckets.values[at * lanes + lane] !== (Number.isNaN(expected) ? 0 : expected)) {
        throw new Error(
          `${name} ${isoOf(golden.days[row]!)} ${assets[lane]}: ${buckets.values[at * lanes + lane]} ≠ ${expected}`,
        );
      }
      if (!Number.isNaN(expected)) placed++;
    }
  }
  expect(placed).toBeGreaterThan(10_000);
});

const icOptions = { method: "spearman", minInstruments: 2 } as const;
const icOf = (period: string) => informationCoefficient(sample.factor, labelOf(period), icOptions).values;
const icByGroup = (period: string) =>
  informationCoefficientByGroup(sample.factor, labelOf(period), { ...icOptions, groups });

/** How each result is computed here; the key is alphalens' function and flags. */
const counterparts: Record<string, (frame: Frame, second?: Frame) => void> = {
  ic: (frame) => {
    const series = byPeriod(icOf);
    compare(frame, ([date], period) => series[period]![rowOf(date)]!);
  },
  ic_group_adjust: (frame) => {
    const series = byPeriod(
      (period) => informationCoefficient(sample.factor, demeaned(labelOf(period), groups), icOptions).values,
    );
    compare(frame, ([date], period) => series[period]![rowOf(date)]!);
  },
  ic_by_group: (frame) => {
    const series = byPeriod(icByGroup);
    compare(frame, ([date, group], period) => series[period]!.get(String(group))!.values[rowOf(date)]!);
  },
  mean_ic: (frame) => compare(frame, ([period]) => meanOf(icOf(String(period)))),
  mean_ic_month: (frame) => {
    const series = byPeriod((period) => monthlyMeans(time.days, icOf(period)));
    compare(frame, ([date], period) => monthValue(series[period]!, date));
  },
  mean_ic_by_group: (frame) => {
    const series = byPeriod(icByGroup);
    compare(frame, ([group], period) => meanOf(series[period]!.get(String(group))!.values));
  },
  mean_ic_month_by_group: (frame) => {
    const series = byPeriod(icByGroup);
    compare(frame, ([date, group], period) =>
      monthValue(monthlyMeans(time.days, series[period]!.get(String(group))!.values), date),
    );
  },
  "cumulative_returns.1D": (frame) => {
    const value = netValue(weightedReturns(factorWeights(sample.factor), labelOf("1D")));
    compare(frame, ([date]) => value[rowOf(date)]!);
  },
  "factor_weights.first20days": (frame) => {
    const weights = factorWeights(sample.factor);
    compare(frame, ([date, asset]) => weights.values[cellOf(date, String(asset))]!);
  },
  "mean_returns_spread.5-1": (frame, second) => {
    const spreads = byPeriod((period) => spreadOf(quantileReturns(fifths, demeaned(labelOf(period)))));
    compare(frame, ([date], period) => spreads[period]!.values[rowOf(date)]!);
    compare(second!, ([date], period) => spreads[period]!.error[rowOf(date)]!);
  },
};

for (const demean of [true, false]) {
  const label = (period: string) => (demean ? demeaned(labelOf(period)) : labelOf(period));
  const name = (byGroup: boolean, byDate: boolean) =>
    `mean_return_by_quantile.demeaned=${python(demean)}.by_group=${python(byGroup)}.by_date=${python(byDate)}`;
  counterparts[name(false, true)] = (mean, error) => {
    const returns = byPeriod((period) => quantileReturns(fifths, label(period)));
    compare(mean, ([quantile, date], period) => returns[period]!.mean[bucketSlot(quantile!, date!)]!);
    compare(error!, ([quantile, date], period) => returns[period]!.error[bucketSlot(quantile!, date!)]!);
  };
  counterparts[name(false, false)] = (mean, error) => quantileMeans(label, mean, error!);
  counterparts[name(true, false)] = (mean, error) => {
    const means = byPeriod(
      (period) =>
        new Map(
          groups.names.map((group) => [
            group,
            bucketMeans(quantileReturns(fifths, label(period), { groups, group })),
          ]),
        ),
    );
    const at = (period: string, quantile: string | number, group: string | number) =>
      means[period]!.get(String(group))![Number(quantile) - 1]!;
    compare(mean, ([quantile, group], period) => at(period, quantile!, group!).mean);
    compare(error!, ([quantile, group], period) => at(period, quantile!, group!).error);
  };
  for (const [adjust, equal] of [
    [false, false],
    [true, false],
    [false, true],
  ] as const) {
    if (adjust && !demean) continue;
    const flags = `demeaned=${python(demean)}.group_adjust=${python(adjust)}.equal_weight=${python(equal)}`;
    const weights = factorWeights(sample.factor, {
      demeaned: demean,
      equalWeight: equal,
      ...(adjust ? { groups } : {}),
    });
    counterparts[`factor_returns.${flags}`] = (frame) =>
      compare(frame, ([date], period) => weightedReturns(weights, labelOf(period))[rowOf(date)]!);
    counterparts[`factor_alpha_beta.${flags}`] = (frame) => {
      const fits = byPeriod((period) =>
        alphaBeta(weightedReturns(weights, labelOf(period)), dailyMeans(labelOf(period)), {
          horizon: horizonOf[period as keyof typeof horizonOf],
          periodsPerYear: 252,
        }),
      );
      compare(frame, ([what], period) => (what === "beta" ? fits[period]!.beta : fits[period]!.annualAlpha));
    };
  }
}
counterparts["mean_return_by_quantile.group_adjust"] = (mean, error) =>
  quantileMeans((period) => demeaned(labelOf(period), groups), mean, error!);
for (const period of [1, 5, 10]) {
  counterparts[`factor_rank_autocorrelation.period=${period}`] = (frame) => {
    const series = rankAutocorrelation(sample.factor, period);
    compare(frame, ([date]) => series[rowOf(date)]!);
  };
  for (const quantile of [1, 2, 3, 4, 5]) {
    counterparts[`quantile_turnover.q=${quantile}.period=${period}`] = (frame) => {
      const series = bucketTurnover(fifths, quantile, period);
      compare(frame, ([date]) => series[rowOf(date)]!);
    };
  }
}
for (const [name, demean] of [
  ["demeaned", true],
  ["not_demeaned", false],
] as const) {
  counterparts[`average_cumulative_return_by_quantile.${name}`] = (frame) => {
    const study = eventStudy(fifths, netValues(), { before: 5, after: 10, demeaned: demean });
    compare(frame, ([quantile, what], offset) => studied(study, quantile!, what!, offset));
  };
}
counterparts["average_cumulative_return_by_quantile.by_group"] = (frame) => {
  const studies = new Map(
    groups.names.map((group) => [
      group,
      eventStudy(fifths, netValues(), { before: 5, after: 10, groups, group }),
    ]),
  );
  compare(frame, ([quantile, what, group], offset) =>
    studied(studies.get(String(group))!, quantile!, what!, offset),
  );
};

test.each(Object.keys(results))("alphalens %s", (key) => {
  const counterpart = counterparts[key];
  if (counterpart === undefined) throw new Error(`no counterpart for ${key}`);
  const before = compared;
  const frames = results[key]!;
  if (Array.isArray(frames)) counterpart(frames[0] as Frame, frames[1] as Frame);
  else counterpart(frames as Frame);
  expect(compared).toBeGreaterThan(before);
  covered.add(key);
});

test("every result of the set was compared", () => {
  expect(covered.size).toBe(Object.keys(results).length);
  expect(covered.size).toBeGreaterThanOrEqual(43);
});

test("rates and deviations convert as in alphalens", () => {
  const before = compared;
  const golden = JSON.parse(readFileSync(resolve(folder, "rate_conversion.json"), "utf8")) as Record<
    string,
    Frame
  >;
  const means = bucketMeans(quantileReturns(fifths, demeaned(labelOf("5D"))));
  compare(golden["rate_of_return_5D_to_1D"]!, ([quantile]) =>
    convertedRate(means[Number(quantile) - 1]!.mean, 5, 1),
  );
  compare(golden["std_conversion_5D_to_1D"]!, ([quantile]) =>
    convertedDeviation(means[Number(quantile) - 1]!.error, 5, 1),
  );
  expect(compared).toBe(before + 10);
});

test("Qlib-style IC, rank IC, long–short and rank autocorrelation", () => {
  const golden = (
    JSON.parse(text("qlib_style.json.gz")) as {
      readonly result: Record<"ic" | "ric" | "long_short_q0.2" | "pred_autocorr_rank", Frame> &
        Record<"IC" | "RankIC", Record<string, number>>;
    }
  ).result;
  const market = marketPanel(priceTable.days, priceTable.values);
  const { panel, meanings } = forwardReturn(market);
  const label: Grid = {
    rows,
    lanes,
    values: panel.columns.get(meanings[0]!.name)!.values.slice(0, rows * lanes),
  };
  const factor: Grid = { rows, lanes, values: factorTable.values };
  const ic = informationCoefficient(factor, label, { method: "pearson", minInstruments: 2 });
  const rankIc = informationCoefficient(factor, label, icOptions);
  compare(golden.ic, ([date]) => ic.values[rowOf(date)]!);
  compare(golden.ric, ([date]) => rankIc.values[rowOf(date)]!);
  for (const [name, series] of [
    ["IC", ic],
    ["RankIC", rankIc],
  ] as const) {
    const ours = seriesStatistics(series.values);
    const theirs = golden[name];
    expect(ours.days).toBe(theirs["n"]);
    close(ours.mean, theirs["mean"]!, `${name} mean`);
    close(ours.std, theirs["std_ddof1"]!, `${name} std`);
    close(ours.ratio, theirs["ir"]!, `${name} ir`);
    close(ours.t, theirs["t"]!, `${name} t`);
    close(ours.hitRate, theirs["pos_ratio"]!, `${name} hit rate`);
  }
  const sides = longShort(factor, label, 0.2);
  const columns: Record<string, Float64Array> = {
    long: sides.long,
    short: sides.short,
    long_short: sides.longShort,
    long_avg: sides.average,
  };
  compare(golden["long_short_q0.2"], ([date], column) => columns[column]![rowOf(date)]!);
  const autocorrelation = rankAutocorrelation(factor, 1);
  compare(golden.pred_autocorr_rank, ([date]) => autocorrelation[rowOf(date)]!);
});

function bucketSlot(quantile: string | number, date: string | number): number {
  return rowOf(date) * 5 + Number(quantile) - 1;
}

function quantileMeans(label: (period: string) => Grid, mean: Frame, error: Frame): void {
  const means = byPeriod((period) => bucketMeans(quantileReturns(fifths, label(period))));
  compare(mean, ([quantile], period) => means[period]![Number(quantile) - 1]!.mean);
  compare(error, ([quantile], period) => means[period]![Number(quantile) - 1]!.error);
}

function byPeriod<T>(compute: (period: string) => T): Record<string, T> {
  return Object.fromEntries(periods.map((period) => [period, compute(period)]));
}

function monthValue(table: ReturnType<typeof monthlyMeans>, date: string | number | undefined): number {
  return table.means[table.months.indexOf(String(date).slice(0, 7))]!;
}

function studied(
  study: ReturnType<typeof eventStudy>,
  quantile: string | number,
  what: string | number,
  offset: string,
): number {
  const slot = (Number(quantile) - 1) * study.offsets.length + study.offsets.indexOf(Number(offset));
  return what === "mean" ? study.mean[slot]! : study.std[slot]!;
}

function netValues(): Grid {
  const table = wide("input_cumulative_for_event_study.csv.gz");
  return { rows: table.days.length, lanes, values: table.values };
}

/** Fails on the first cell that differs by more than 1e-10 of its size, or that is missing on one side only. */
function compare(frame: Frame, ours: (index: readonly (string | number)[], column: string) => number): void {
  expect(frame.data.length).toBeGreaterThan(0);
  frame.index.forEach((index, row) =>
    frame.columns.forEach((column, k) =>
      close(ours(index, String(column)), frame.data[row]![k] ?? Number.NaN, `${index.join(" ")} ${column}`),
    ),
  );
}
function close(ours: number, theirs: number, where: string): void {
  compared++;
  if (Number.isNaN(ours) && Number.isNaN(theirs)) return;
  // Sums of cancelling returns of size ~1e-2 carry an absolute error of ~1e-17 per term.
  if (!(Math.abs(ours - theirs) <= relative * Math.abs(theirs) + 1e-16)) {
    throw new Error(`${where}: ours ${ours}, theirs ${theirs}`);
  }
}

function python(flag: boolean): string {
  return flag ? "True" : "False";
}

function rowOf(date: string | number | undefined): number {
  return factorTable.rowOf.get(String(date))!;
}

function cellOf(date: string | number | undefined, asset: string): number {
  return rowOf(date) * lanes + assets.indexOf(asset);
}

function marketPanel(days: Int32Array, values: Float64Array) {
  return panelOf({
    role: "market",
    time: { freq: "day", days },
    instruments: assets,
    first: new Int32Array(lanes),
    last: new Int32Array(lanes).fill(days.length - 1),
    columns: [{ name: "close", values }],
  });
}

function wide(name: string) {
  const [header, ...lines] = text(name).trimEnd().split("\n");
  const names = header!.split(",").slice(1);
  const days = new Int32Array(lines.length);
  const values = new Float64Array(lines.length * names.length);
  const rowOf = new Map<string, number>();
  lines.forEach((line, row) => {
    const [date, ...cells] = line.split(",");
    days[row] = dayOf(date!);
    rowOf.set(date!, row);
    cells.forEach(
      (cell, lane) => (values[row * names.length + lane] = cell === "" ? Number.NaN : Number(cell)),
    );
  });
  return { names, days, values, rowOf };
}
