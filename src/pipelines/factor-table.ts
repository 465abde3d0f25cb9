import { tableOfPanel, type InstrumentSeries, type SeriesTable } from "#data/export/series-table";
import { ExpressionError } from "#expression/errors";
import { treeOf, type ExpressionSource } from "#expression/ir/build";
import type { Graph } from "#expression/ir/node";
import { lookAheadOf } from "#expression/operators/reach";
import { planPhases, type Phases } from "#expression/plan/phases";
import type { Backend, EvaluationOptions } from "#expression/run/evaluate";
import type { ProgramCache } from "#expression/run/program-cache";
import { childrenOf, type SyntaxNode } from "#expression/syntax/tree";
import { factorGraph, type FactorFailure, type FactorList } from "#factors/compute";
import type { Parallel } from "#kernels/parallel";
import type { Day } from "#market/day";
import { panelOf, type Panel } from "#panel/panel";
import { MarketSections } from "./market-sections.ts";
import { rowsWithin, type MarketView } from "./market-view.ts";
import { blockWidth } from "./parallel/prepared-program.ts";

/**
 * Factors of a whole market, group of instruments by group: what `factors eval` writes and the store keeps. The values do
 * not depend on the grouping, nor on `start` and `end`, nor on which instruments of the view are asked for: these only cut
 * what is handed on.
 */
export interface FactorRun {
  readonly precision?: "f32" | "f64";
  readonly start?: Day;
  readonly end?: Day;
  /** Instruments computed together; 32 unless told. */
  readonly group?: number;
  /** `allow` also computes expressions that see later rows; they make labels. Default `refuse`. */
  readonly lookAhead?: "refuse" | "allow";
  readonly backend?: Backend;
  /** Threads of `blockThreads`; absent: the calling thread computes. */
  readonly parallel?: Parallel;
  readonly signal?: AbortSignal;
  /** Where compiled factors are kept beyond the process. */
  readonly programs?: ProgramCache;
  readonly onInstruments?: (done: number, of: number) => void;
}

export interface FactorTable extends SeriesTable {
  /** Factors that could not be computed, with the reason; the others are in the table. */
  readonly failures: readonly FactorFailure[];
  /** Columns that see later rows → how many; empty unless that was allowed. */
  readonly lookAhead: ReadonlyMap<string, number>;
  /** Instruments that operators across instruments see; 0 when the list has no such operator. */
  readonly universe: number;
}

/** A list compiled for a view: one graph, in phases, for every group of instruments. */
interface CompiledFactors {
  readonly graph: Graph;
  readonly phases: Phases;
  readonly failures: readonly FactorFailure[];
  readonly options: EvaluationOptions;
}

async function compileFactors(
  view: MarketView,
  list: FactorList,
  lookAhead: "refuse" | "allow" = "refuse",
): Promise<CompiledFactors> {
  const foreign = await foreignPanel(view, list);
  const options: EvaluationOptions = {
    ...(foreign === null ? {} : { foreign }),
    ...(view.periodic === undefined ? {} : { periodic: view.periodic }),
  };
  const { graph, failures } = factorGraph(list, shapeOf(view), { ...options, lookAhead });
  return { graph, phases: planPhases(graph), failures, options };
}

/** The view's fields and instruments without a row: enough to check names. */
function shapeOf(view: MarketView): Panel<"market"> {
  const lanes = view.instruments.length;
  return panelOf({
    role: "market",
    time: { freq: view.time.freq, days: new Int32Array(0) },
    instruments: view.instruments,
    first: new Int32Array(lanes),
    last: new Int32Array(lanes).fill(-1),
    columns: view.fields.map((name) => ({ name, values: new Float32Array(0) })),
  });
}

/**
 * Market data and computed factors of one group of instruments; the two panels have the same axes. On threads the
 * factors' values are valid until the next group is asked for.
 */
export interface FactorGroup {
  readonly market: Panel<"market">;
  /** Plays the role of labels when a column sees later rows. */
  readonly factors: Panel<"factor" | "label">;
}

/**
 * Computes group by group, in code-point order of the instruments. What reaches across instruments comes first, over the
 * whole universe.
 */
async function* computeGroups(
  view: MarketView,
  { phases, options }: CompiledFactors,
  run: FactorRun,
): AsyncGenerator<FactorGroup> {
  const group = Math.min(run.group ?? 32, widestGroup(view, phases, run));
  const of = view.instruments.length;
  const universe = universeOf(view);
  const work = phases.before.length * universe.length + of;
  let done = 0;
  const advance = (instruments: number): void => {
    done += instruments;
    run.onInstruments?.(Math.floor((done / work) * of), of);
  };
  const { parallel, signal, backend, programs } = run;
  const by = {
    ...(parallel === undefined ? {} : { parallel }),
    ...(signal === undefined ? {} : { signal }),
    ...(backend === undefined ? {} : { backend }),
    ...(programs === undefined ? {} : { programs }),
  };
  const sections = new MarketSections(universe, options);
  for (const phase of phases.before) {
    await sections.take(phase, inGroups(view, universe, group), { ...by, onGroup: advance });
    sections.finish(phase);
  }
  const markets = inGroups(view, view.instruments, group);
  const precision = run.precision ?? "f32";
  for await (const { market, columns } of sections.evaluate(phases.last, markets, { ...by, precision })) {
    const { time, instruments, first, last } = market;
    const role = columns.some((column) => column.lookAhead > 0) ? "label" : "factor";
    yield { market, factors: panelOf({ role, time, instruments, first, last, columns }) };
    advance(instruments.length);
  }
}

async function* inGroups(
  view: MarketView,
  ids: readonly string[],
  group: number,
): AsyncGenerator<Panel<"market">> {
  for (let from = 0; from < ids.length; from += group) yield await view.panel(ids.slice(from, from + group));
}

/** On threads, several groups of results are in memory at once. */
function widestGroup(view: MarketView, { before, last }: Phases, run: FactorRun): number {
  if (run.parallel === undefined) return Number.POSITIVE_INFINITY;
  const widths = [...before.map(({ graph }) => graph), last].map(({ outputs }, index) =>
    blockWidth({
      outputs: outputs.length,
      rows: view.time.days.length,
      threads: run.parallel!.threads,
      precision: index < before.length ? "f64" : (run.precision ?? "f32"),
    }),
  );
  return Math.min(...widths);
}

function universeOf(view: MarketView): readonly string[] {
  return view.universe ?? view.instruments;
}

export interface FactorGroups {
  readonly names: readonly string[];
  readonly failures: readonly FactorFailure[];
  readonly lookAhead: ReadonlyMap<string, number>;
  /** Instruments that operators across instruments see; 0 when the list has no such operator. */
  readonly universe: number;
  groups: () => AsyncGenerator<FactorGroup>;
}

/** The factors of a list on a view, computed while they are read. */
export async function factorGroups(
  view: MarketView,
  list: FactorList,
  run: FactorRun = {},
): Promise<FactorGroups> {
  const compiled = await compileFactors(view, list, run.lookAhead);
  return {
    names: compiled.graph.outputs.map((output) => output.name),
    failures: compiled.failures,
    lookAhead: aheadOf(compiled.graph),
    universe: compiled.phases.before.length === 0 ? 0 : universeOf(view).length,
    groups: () => computeGroups(view, compiled, run),
  };
}

function aheadOf({ nodes, outputs }: Graph): ReadonlyMap<string, number> {
  const aheads = outputs.map(({ name, node }) => [name, lookAheadOf(nodes[node]!.reach)] as const);
  return new Map(aheads.filter(([, rows]) => rows > 0));
}

/** The factors as a table that exports write, computed while it is read. */
export async function factorTable(
  view: MarketView,
  list: FactorList,
  run: FactorRun = {},
): Promise<FactorTable> {
  const { names, failures, lookAhead, universe, groups } = await factorGroups(view, list, run);
  const rows = rowsWithin(view.time, run.start, run.end);
  const dtype = run.precision ?? "f32";
  return {
    time: view.time,
    instruments: view.instruments.length,
    fields: names.map((name) => ({ name, dtype })),
    failures,
    lookAhead,
    universe,
    async *series() {
      for await (const { factors } of groups()) {
        for await (const series of tableOfPanel(factors).series()) {
          for (const span of view.listed?.(series.instrument) ?? [rows]) {
            const from = Math.max(span.from, rows.from);
            const cut = cutSeries(series, { from, to: Math.min(span.to, rows.to) });
            if (cut !== null) yield cut;
          }
        }
      }
    },
  };
}

function cutSeries(
  series: InstrumentSeries,
  rows: { readonly from: number; readonly to: number },
): InstrumentSeries | null {
  const from = Math.max(series.first, rows.from);
  const to = Math.min(series.first + series.length, rows.to);
  if (from >= to) return null;
  if (from === series.first && to === series.first + series.length) return series;
  const columns = new Map(
    [...series.columns].map(([name, values]) => [
      name,
      values.subarray(from - series.first, to - series.first),
    ]),
  );
  return { ...series, first: from, length: to - from, columns };
}

/** The instruments that ChangeInstrument and Mask name, as a panel; null when none is named. */
async function foreignPanel(view: MarketView, list: FactorList): Promise<Panel<"market"> | null> {
  const named = new Set<string>();
  for (const { expression } of list.factors) collectInstruments(expression, named);
  const known = view.instruments.filter((id) => named.has(id.toLowerCase()));
  return known.length === 0 ? null : view.panel(known);
}

/** An expression that does not parse names nobody; `factorGraph` reports it. */
function collectInstruments(expression: ExpressionSource, named: Set<string>): void {
  const visit = (tree: SyntaxNode): void => {
    if (tree.kind === "call" && (tree.operator === "ChangeInstrument" || tree.operator === "Mask")) {
      for (const operand of tree.operands)
        if (operand.kind === "text") named.add(operand.value.toLowerCase());
    }
    for (const child of childrenOf(tree)) visit(child);
  };
  try {
    visit(treeOf(expression));
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
  }
}
