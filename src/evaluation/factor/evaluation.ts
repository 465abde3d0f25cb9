/**
 * Evaluates a whole factor panel against a label: a table row per factor, how redundant the factors are, how many
 * of them chance would explain, and the best distinct ones in detail. The main flow of this folder.
 */
import type { Panel } from "#panel/panel";
import { factorDetail } from "./detail.ts";
import type { DecayLabel, FactorDetail } from "./detail.ts";
import { factorCorrelation } from "./factor-correlation.ts";
import type { FactorCorrelation } from "./factor-correlation.ts";
import { gridOf, ordered, requireSameShape } from "./grid.ts";
import type { Grid } from "./grid.ts";
import { groupGrid, UNGROUPED } from "./groups.ts";
import type { GroupGrid, GroupOf } from "./groups.ts";
import { histogramOf } from "./histogram.ts";
import type { Histogram } from "./histogram.ts";
import { multipleTesting } from "./multiple-testing.ts";
import type { MultipleTesting } from "./multiple-testing.ts";
import { defaultSettings } from "./settings.ts";
import type { EvaluationSettings } from "./settings.ts";
import { evaluateFactor, evaluationContext } from "./summary.ts";
import type { EvaluationContext, FactorSummary } from "./summary.ts";

/** What a label column means; `labels/forward-return` makes these. */
export interface LabelMeaning {
  readonly name: string;
  readonly entryLag: number;
  readonly horizon: number;
  readonly expression: string;
  readonly lookAhead: number;
  readonly kind: "simple" | "log";
}

export interface EvaluationInput {
  readonly factors: Panel<"factor">;
  /** The first meaning is the label; the others (and it) make the decay curve. Same days and instruments. */
  readonly labels: { readonly panel: Panel<"label">; readonly meanings: readonly LabelMeaning[] };
  /** Present where an instrument could have been traded, usually the close. Default: each instrument's own span. */
  readonly universe?: Grid;
  readonly groupOf?: GroupOf;
  readonly settings?: Partial<EvaluationSettings>;
  /** Called after each factor. */
  readonly onFactor?: (done: number, of: number) => void;
}

export interface FactorEvaluation {
  readonly label: LabelMeaning;
  readonly settings: EvaluationSettings;
  readonly days: Int32Array;
  readonly instruments: number;
  /** Instruments of the universe per row. */
  readonly universe: Int32Array;
  /** Rows with at least the minimum of labelled instruments, and the others. */
  readonly labelledDays: number;
  readonly unlabelledDays: number;
  /** In the panel's order. */
  readonly factors: readonly FactorSummary[];
  readonly testing: MultipleTesting;
  readonly tHistogram: Histogram;
  /** Closest other factor of each, by |rank correlation|, in the order of `factors`. */
  readonly closest: readonly { readonly name: string; readonly correlation: number }[];
  /** Correlations of the factors with the highest |t|. */
  readonly correlation: FactorCorrelation & { readonly names: readonly string[] };
  readonly details: readonly FactorDetail[];
  readonly groups: { readonly names: number; readonly large: number; readonly ungroupedShare: number } | null;
}

/** Throws `RangeError` when the panels have other days or instruments, and when there is no label. */
export function evaluateFactors(input: EvaluationInput): FactorEvaluation {
  const settings = { ...defaultSettings, ...input.settings };
  const { factors } = input;
  const { panel: labels, meanings } = input.labels;
  const [label] = meanings;
  if (label === undefined) throw new RangeError("no label given");
  requireAligned(factors, labels);
  const days = factors.time.days;
  const universe = input.universe ?? spanGrid(factors);
  const labelGrid = ordered(gridOf(labels, label.name));
  const context = evaluationContext({ label: labelGrid, horizon: label.horizon, universe, settings });

  const names = [...factors.columns.keys()];
  const grids = names.map((name) => gridOf(factors, name));
  const summaries = names.map((name, index) => {
    const { summary } = evaluateFactor(name, grids[index]!, context);
    input.onFactor?.(index + 1, names.length);
    return summary;
  });
  const correlation = factorCorrelation(grids, {
    everyRows: settings.correlationEveryRows,
    minInstruments: settings.minInstruments,
  });
  const byStrength = strongestFirst(summaries);
  const tStatistics = summaries.map((summary) => summary.rankIc.tNeweyWest);
  const groups =
    input.groupOf === undefined ? undefined : groupGrid(factors.time, factors.instruments, input.groupOf);
  const decay: DecayLabel[] = meanings
    .toSorted((a, b) => a.horizon - b.horizon)
    .map((meaning) => ({ horizon: meaning.horizon, grid: ordered(gridOf(labels, meaning.name)) }));
  const details = distinct(byStrength, correlation, settings).map((index) =>
    factorDetail(evaluateFactor(names[index]!, grids[index]!, context), context, { days, decay, groups }),
  );
  const labelledDays = labelGrid.counts.filter((count) => count >= settings.minInstruments).length;
  return {
    label,
    settings,
    days,
    instruments: factors.instruments.length,
    universe: ordered(universe).counts,
    labelledDays,
    unlabelledDays: days.length - labelledDays,
    factors: summaries,
    testing: multipleTesting(tStatistics),
    tHistogram: histogramOf(tStatistics, { width: 0.5, limit: 5 }),
    closest: names.map((_, index) => closestTo(index, names, correlation)),
    correlation: part(correlation, byStrength.slice(0, settings.correlated), names),
    details,
    groups: groups === undefined ? null : groupSizes(groups, context),
  };
}

/** Factors by |Newey–West t| of the rank IC, strongest first; those without one are left out. */
function strongestFirst(summaries: readonly FactorSummary[]): number[] {
  const strength = (index: number) => Math.abs(summaries[index]!.rankIc.tNeweyWest);
  return summaries
    .map((_, index) => index)
    .filter((index) => !Number.isNaN(strength(index)))
    .sort((a, b) => strength(b) - strength(a) || a - b);
}

/** The strongest factors, each not redundant with one already taken. */
function distinct(
  byStrength: readonly number[],
  correlation: FactorCorrelation,
  settings: EvaluationSettings,
): number[] {
  const taken: number[] = [];
  for (const index of byStrength) {
    if (taken.length === settings.detailed) break;
    const redundant = taken.some(
      (other) => Math.abs(correlation.values[index * correlation.size + other]!) > settings.redundancy,
    );
    if (!redundant) taken.push(index);
  }
  return taken;
}

function closestTo(
  index: number,
  names: readonly string[],
  { values, size }: FactorCorrelation,
): { name: string; correlation: number } {
  let best = { name: "", correlation: Number.NaN };
  for (let other = 0; other < size; other++) {
    const correlation = values[index * size + other]!;
    if (other === index || Number.isNaN(correlation)) continue;
    if (!(Math.abs(correlation) <= Math.abs(best.correlation))) best = { name: names[other]!, correlation };
  }
  return best;
}

function part(all: FactorCorrelation, chosen: readonly number[], names: readonly string[]) {
  const values = new Float64Array(chosen.length ** 2);
  chosen.forEach((a, i) =>
    chosen.forEach((b, j) => (values[i * chosen.length + j] = all.values[a * all.size + b]!)),
  );
  return { size: chosen.length, values, days: all.days, names: chosen.map((index) => names[index]!) };
}

function groupSizes(groups: GroupGrid, context: EvaluationContext): FactorEvaluation["groups"] {
  const { universe, settings } = context;
  const { rows, lanes, names, index } = groups;
  const largest = new Int32Array(names.length);
  let cells = 0;
  let ungrouped = 0;
  for (let row = 0; row < rows; row++) {
    const counts = new Int32Array(names.length);
    for (let cell = row * lanes; cell < (row + 1) * lanes; cell++) {
      if (!Number.isFinite(universe.values[cell]!)) continue;
      counts[index[cell]!]!++;
      cells++;
      if (names[index[cell]!] === UNGROUPED) ungrouped++;
    }
    counts.forEach((count, group) => (largest[group] = Math.max(largest[group]!, count)));
  }
  return {
    names: names.length,
    large: largest.filter((count) => count >= settings.minGroupInstruments).length,
    ungroupedShare: cells === 0 ? Number.NaN : ungrouped / cells,
  };
}

function spanGrid(panel: Panel): Grid {
  const rows = panel.time.days.length;
  const lanes = panel.instruments.length;
  const values = new Float32Array(rows * lanes).fill(Number.NaN);
  for (let lane = 0; lane < lanes; lane++) {
    for (let row = panel.first[lane]!; row <= panel.last[lane]!; row++) values[row * lanes + lane] = 1;
  }
  return { rows, lanes, values };
}

function requireAligned(factors: Panel, labels: Panel): void {
  const [rows, lanes] = [factors.time.days.length, factors.instruments.length];
  requireSameShape(
    { rows, lanes, values: new Float32Array(0) },
    { rows: labels.time.days.length, lanes: labels.instruments.length, values: new Float32Array(0) },
  );
  const sameDays = factors.time.days.every((day, row) => day === labels.time.days[row]);
  const sameNames = factors.instruments.every((name, lane) => name === labels.instruments[lane]);
  if (!sameDays || !sameNames) {
    throw new RangeError("factors and labels have other days or instruments; align the panels first");
  }
}
