import { evaluateFactors, type FactorEvaluation } from "#evaluation/factor/evaluation";
import { gridOf } from "#evaluation/factor/grid";
import type { GroupOf } from "#evaluation/factor/groups";
import type { EvaluationSettings } from "#evaluation/factor/settings";
import type { FactorFailure, FactorList } from "#factors/compute";
import { forwardReturns } from "#labels/forward-return";
import { asRole, panelOf, type Column, type Panel } from "#panel/panel";
import { factorGroups, type FactorGroup, type FactorRun } from "./factor-table.ts";
import { rowsWithin, type MarketView } from "./market-view.ts";

/** Horizons of the decay curve, in rows. */
const DECAY_HORIZONS = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20];

/** Every group is kept until the last is there, so the calling thread computes. */
export interface EvaluationRun extends Omit<FactorRun, "parallel"> {
  /** Rows between signal and entry; 1 unless told: the signal of a close is traded at the next one. */
  readonly entryLag?: number;
  /** Rows the position is held; 1 unless told. */
  readonly horizon?: number;
  readonly groupOf?: GroupOf;
  readonly settings?: Partial<EvaluationSettings>;
  readonly onFactor?: (done: number, of: number) => void;
}

export interface EvaluatedSet {
  readonly evaluation: FactorEvaluation;
  readonly failures: readonly FactorFailure[];
  /** Bars with a close, in the evaluated rows. */
  readonly bars: number;
}

/**
 * Computes the factors of a list, the forward-return labels, and their evaluation. `start` and `end` choose the signal
 * days; windows still see earlier rows, labels later ones.
 */
export async function evaluateFactorList(
  view: MarketView,
  list: FactorList,
  run: EvaluationRun = {},
): Promise<EvaluatedSet> {
  const { names, failures, groups } = await factorGroups(view, list, { ...run, lookAhead: "refuse" });
  const [failure] = failures;
  if (names.length === 0 && failure !== undefined) throw failure.error;
  const parts: FactorGroup[] = [];
  for await (const part of groups()) parts.push(part);
  const market = joinPanels(
    parts.map((part) => part.market),
    ["close"],
  );
  const factors = asRole(joinPanels(parts.map((part) => part.factors)), "factor");
  const horizon = run.horizon ?? 1;
  const horizons = [horizon, ...DECAY_HORIZONS.filter((each) => each !== horizon)];
  const labels = forwardReturns(market, horizons, { entryLag: run.entryLag ?? 1 });
  const rows = rowsWithin(view.time, run.start, run.end);
  const universe = gridOf(cutRows(market, rows), "close");
  const evaluation = evaluateFactors({
    factors: cutRows(factors, rows),
    labels: { panel: cutRows(labels.panel, rows), meanings: labels.meanings },
    universe,
    ...(run.groupOf === undefined ? {} : { groupOf: run.groupOf }),
    ...(run.settings === undefined ? {} : { settings: run.settings }),
    ...(run.onFactor === undefined ? {} : { onFactor: run.onFactor }),
  });
  let bars = 0;
  for (const close of universe.values) if (close > 0) bars++;
  return { evaluation, failures, bars };
}

/** Panels of different instruments on one time axis, side by side. */
function joinPanels<R extends Panel["role"]>(
  panels: readonly Panel<R>[],
  only?: readonly string[],
): Panel<R> {
  const [head] = panels;
  if (head === undefined) throw new RangeError("no panel to join");
  const instruments = panels.flatMap((panel) => panel.instruments);
  const rows = head.time.days.length;
  const width = instruments.length;
  const columns: Column[] = [];
  for (const name of only ?? head.columns.keys()) {
    const values = new Float32Array(rows * width);
    let offset = 0;
    for (const panel of panels) {
      const lanes = panel.instruments.length;
      const source = panel.columns.get(name)?.values;
      if (source === undefined) throw new RangeError(`no column ${name} in one of the panels`);
      for (let row = 0; row < rows; row++) {
        values.set(source.subarray(row * lanes, (row + 1) * lanes), row * width + offset);
      }
      offset += lanes;
    }
    columns.push({ name, values });
  }
  return panelOf({
    role: head.role,
    time: head.time,
    instruments,
    first: Int32Array.from(panels.flatMap((panel) => [...panel.first])),
    last: Int32Array.from(panels.flatMap((panel) => [...panel.last])),
    columns,
  });
}

/** The rows `[from, to)` of a panel; column values are views. */
function cutRows<R extends Panel["role"]>(
  panel: Panel<R>,
  rows: { readonly from: number; readonly to: number },
): Panel<R> {
  const lanes = panel.instruments.length;
  const { freq, days, minutes } = panel.time;
  const count = Math.max(0, rows.to - rows.from);
  return panelOf({
    role: panel.role,
    time: {
      freq,
      days: days.subarray(rows.from, rows.to),
      ...(minutes === undefined ? {} : { minutes: minutes.subarray(rows.from, rows.to) }),
    },
    instruments: panel.instruments,
    first: panel.first.map((row) => Math.max(0, row - rows.from)),
    last: panel.last.map((row) => Math.min(count - 1, row - rows.from)),
    columns: [...panel.columns.values()].map((column) => ({
      ...column,
      values: column.values.subarray(rows.from * lanes, rows.to * lanes),
    })),
  });
}
