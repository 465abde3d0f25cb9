import type { Panel } from "#panel/panel";
import { lowerRow } from "#panel/axes";
import { ExpressionError } from "../errors.ts";
import type { AppliedOperator, FieldValue, Graph } from "../ir/node.ts";
import type { OperandType } from "../operators/dtype.ts";
import { lookBackOf } from "../operators/reach.ts";
import { planOf, type Plan } from "../plan/plan.ts";
import { fieldColumns, laneOf, type Origins } from "./fields.ts";
import { inOrder, knownOn, type PeriodRecord } from "./periods.ts";
import { Arrays, onSpan, spanOf, type Series } from "./series.ts";

/** Where the leaves of a plan get their values: one instrument's sessions, or the periods known about it on a day. */
interface Scope {
  readonly instrument: string;
  field(node: FieldValue): Series;
  periodic(name: string): Series;
}

/** Computes the outputs of a graph lane by lane. Foreign and point-in-time results are computed once and kept. */
export class Evaluator {
  readonly #graph: Graph;
  readonly #panel: Panel;
  readonly #origins: Origins;
  readonly #plan: Plan;
  readonly #arrays = new Arrays();
  readonly #operands: readonly OperandType[];
  readonly #columns: ReadonlyMap<string, Float32Array | Float64Array>;
  readonly #innerPlans = new Map<number, Plan>();
  readonly #elsewhere = new Map<string, Series>();
  readonly #records = new Map<string, readonly PeriodRecord[]>();
  #foreignRows: Int32Array | null = null;

  constructor(graph: Graph, panel: Panel, origins: Origins) {
    this.#graph = graph;
    this.#panel = panel;
    this.#origins = origins;
    this.#columns = fieldColumns(panel);
    this.#plan = planOf(graph, [...new Set(graph.outputs.map(({ node }) => node))]);
    this.#operands = graph.nodes.map((node) =>
      node.kind === "number" ? { type: node.type, number: node.value } : { type: node.type },
    );
  }

  /** Hands on the series of every output for one lane of the panel; their arrays are reused afterwards. */
  lane(lane: number, take: (output: number, series: Series) => void): void {
    const results = this.#run(this.#plan, this.#sessionScope(lane));
    for (const [index, { node }] of this.#graph.outputs.entries()) take(index, results.get(node)!);
    for (const [node, series] of results) if (this.#owns(node)) this.#arrays.give(series.values);
  }

  /** Whether a node's array is from the pool and nobody else's: results of other scopes may be kept. */
  #owns(id: number): boolean {
    const node = this.#graph.nodes[id]!;
    return node.kind === "field" || (node.kind === "apply" && node.operator.scope === undefined);
  }

  #sessionScope(lane: number): Scope {
    const panel = this.#panel;
    return {
      instrument: panel.instruments[lane]!,
      field: (node) => this.#field(node, { panel, lane, column: this.#columns.get(node.name)! }),
      periodic: () => notHere(),
    };
  }

  /** Fields of the data are float32; what an earlier phase left in a column keeps its type. */
  #field({ type }: FieldValue, { panel, lane, column }: FieldColumn): Series {
    const lanes = panel.instruments.length;
    const first = panel.first[lane]!;
    const values = this.#arrays.take(Math.max(0, panel.last[lane]! - first + 1));
    for (let row = 0; row < values.length; row++) values[row] = column[(first + row) * lanes + lane]!;
    if (type === "f32") for (let row = 0; row < values.length; row++) values[row] = Math.fround(values[row]!);
    return { first, values };
  }

  #run(plan: Plan, scope: Scope): Map<number, Series> {
    const results = new Map<number, Series>();
    for (const { node: id, release } of plan.steps) {
      const node = this.#graph.nodes[id]!;
      if (node.kind === "field") results.set(id, scope.field(node));
      else if (node.kind === "periodic") results.set(id, scope.periodic(node.name));
      else if (node.kind === "apply") {
        if (node.operator.scope === "instrument") results.set(id, this.#otherInstrument(node, scope));
        else if (node.operator.scope === "period") results.set(id, this.#pointInTime(node, scope));
        else results.set(id, this.#apply(node, results));
      }
      for (const done of release) {
        const series = results.get(done);
        results.delete(done);
        if (series !== undefined && this.#owns(done)) this.#arrays.give(series.values);
      }
    }
    return results;
  }

  #apply(node: AppliedOperator, results: ReadonlyMap<number, Series>): Series {
    const series = node.inputs.map((id) => results.get(id));
    const span = spanOf(series.filter((each) => each !== undefined));
    const out = this.#arrays.take(span.length);
    node.operator.compute({
      inputs: node.inputs.map((id, index) => {
        const one = series[index];
        return one === undefined ? this.#operands[id]!.number! : onSpan(one, span);
      }),
      inputTypes: node.inputs.map((id) => this.#operands[id]!),
      type: node.type,
      arguments: node.arguments,
      out,
    });
    return { first: span.first, values: out };
  }

  #inner(node: number): Plan {
    let plan = this.#innerPlans.get(node);
    if (plan === undefined) this.#innerPlans.set(node, (plan = planOf(this.#graph, [node])));
    return plan;
  }

  #otherInstrument(node: AppliedOperator, scope: Scope): Series {
    const id = node.arguments[0] as string;
    const inner = node.inputs[0]!;
    if (node.clock === "period")
      return this.#run(this.#inner(inner), this.#sameKnowledge(scope, id)).get(inner)!;
    const key = `${inner} ${id}`;
    let series = this.#elsewhere.get(key);
    if (series === undefined) {
      series = this.#run(this.#inner(inner), this.#otherScope(id)).get(inner)!;
      this.#elsewhere.set(key, series);
    }
    return series;
  }

  #otherScope(id: string): Scope {
    const own = laneOf(this.#panel, id);
    if (own >= 0) return this.#sessionScope(own);
    const foreign = this.#origins.foreign!;
    const lane = laneOf(foreign, id);
    const columns = fieldColumns(foreign);
    return {
      instrument: foreign.instruments[lane]!,
      field: (node) => {
        const column = columns.get(node.name);
        if (column === undefined) throw outsideUniverse(id);
        return this.#onOwnRows(this.#field(node, { panel: foreign, lane, column }), foreign);
      },
      periodic: () => notHere(),
    };
  }

  /** Moves a foreign series to the panel's rows, by date (and minute): days that the panel lacks are left out. */
  #onOwnRows(series: Series, foreign: Panel): Series {
    const rows = (this.#foreignRows ??= rowsInPanel(foreign, this.#panel));
    const kept: [row: number, value: number][] = [];
    for (const [index, value] of series.values.entries()) {
      const row = rows[series.first + index]!;
      if (row >= 0) kept.push([row, value]);
    }
    if (kept.length === 0) return { first: 0, values: new Float64Array(0) };
    const first = kept[0]![0];
    const values = new Float64Array(kept.at(-1)![0] - first + 1).fill(Number.NaN);
    for (const [row, value] of kept) values[row - first] = value;
    return { first, values };
  }

  /** A series over all sessions of the panel that changes only on days something was announced. */
  #pointInTime(node: AppliedOperator, scope: Scope): Series {
    const { time } = this.#panel;
    const inner = node.inputs[0]!;
    const plan = this.#inner(inner);
    const back = lookBackOf(this.#graph.nodes[inner]!.reach);
    const period = node.operator.name === "PRef" ? (node.arguments[0] as number) : undefined;
    const count = Number.isFinite(back) ? back + 1 : 1;
    const values = new Float64Array(time.days.length).fill(Number.NaN);
    const rows = this.#announcementRows(plan, scope.instrument);
    for (const [index, row] of rows.entries()) {
      const what = period === undefined ? { count } : { count, period };
      const result = this.#run(plan, this.#periodScope(scope.instrument, time.days[row]!, what)).get(inner)!;
      values.fill(Math.fround(result.values.at(-1) ?? Number.NaN), row, rows[index + 1] ?? values.length);
    }
    return { first: 0, values };
  }

  #announcementRows(plan: Plan, instrument: string): number[] {
    const rows = new Set<number>();
    const visit = (each: Plan, of: string): void => {
      for (const { node: id } of each.steps) {
        const node = this.#graph.nodes[id]!;
        if (node.kind === "periodic") {
          for (const { announced } of this.#recordsOf(of, node.name)) {
            const row = lowerRow(this.#panel.time, announced);
            if (row < this.#panel.time.days.length) rows.add(row);
          }
        } else if (node.kind === "apply" && node.operator.scope === "instrument") {
          visit(this.#inner(node.inputs[0]!), node.arguments[0] as string);
        }
      }
    };
    visit(plan, instrument);
    return [...rows].sort((a, b) => a - b);
  }

  #periodScope(
    instrument: string,
    day: number,
    what: { readonly count: number; readonly period?: number },
  ): PeriodScope {
    return {
      instrument,
      day,
      what,
      field: () => notHere(),
      periodic: (name) => knownOn(this.#recordsOf(instrument, name), day, what),
    };
  }

  #sameKnowledge(scope: Scope, id: string): Scope {
    const { day, what } = scope as PeriodScope;
    return this.#periodScope(id, day, what);
  }

  #recordsOf(instrument: string, field: string): readonly PeriodRecord[] {
    const key = `${field} ${instrument}`;
    let records = this.#records.get(key);
    if (records === undefined) {
      records = inOrder(this.#origins.periodic?.(instrument, field) ?? []);
      this.#records.set(key, records);
    }
    return records;
  }
}

interface PeriodScope extends Scope {
  readonly day: number;
  readonly what: { readonly count: number; readonly period?: number };
}

interface FieldColumn {
  readonly panel: Panel;
  readonly lane: number;
  readonly column: Float32Array | Float64Array;
}

/** Names are checked before, so a column that a foreign panel lacks is the result of an earlier phase. */
function outsideUniverse(id: string): ExpressionError {
  return new ExpressionError(
    "EXPRESSION_OUTSIDE_UNIVERSE",
    `a value across instruments is asked for ${id}, which takes no part in the cross-section`,
    { remedy: `compute on a panel that holds ${id}, or take the value of an instrument of the panel` },
  );
}

function notHere(): never {
  throw new Error("the graph builder keeps daily and periodic fields apart");
}

function rowsInPanel(foreign: Panel, panel: Panel): Int32Array {
  const rows = new Map<number, number>();
  for (let row = 0; row < panel.time.days.length; row++) rows.set(stampOf(panel, row), row);
  return Int32Array.from(foreign.time.days, (_, row) => rows.get(stampOf(foreign, row)) ?? -1);
}

function stampOf(panel: Panel, row: number): number {
  return panel.time.days[row]! * 1440 + (panel.time.minutes?.[row] ?? 0);
}
