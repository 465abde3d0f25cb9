import type { Column, Panel } from "#panel/panel";
import { ExpressionError } from "../errors.ts";
import { buildGraph, type ExpressionSource, type NamedExpression } from "../ir/build.ts";
import type { Graph } from "../ir/node.ts";
import type { Dtype } from "../operators/dtype.ts";
import { lookAheadOf, lookBackOf } from "../operators/reach.ts";
import { planPhases, type Phase } from "../plan/phases.ts";
import { formatExpression } from "../syntax/format.ts";
import { computeSections } from "./cross-section.ts";
import type { RunStatistics } from "./block-engine.ts";
import { evaluateInBlocks } from "./evaluate-blocks.ts";
import type { ProgramCache } from "./program-cache.ts";
import { Evaluator } from "./evaluator.ts";
import { checkFields } from "./fields.ts";
import type { PeriodicSource } from "./periods.ts";

/**
 * Evaluation of expressions on a panel: phase by phase where operators reach across instruments, each phase by a backend.
 * `wasm` is vector code (evaluate-blocks). `js` is the reference that it is tested against: JavaScript, one instrument at
 * a time over its own span.
 */
export type Backend = "wasm" | "js";

export interface EvaluationOptions {
  /** Default `wasm`. */
  readonly backend?: Backend;
  /**
   * Of `wasm`: `mixed` computes in float32 lanes what the planner can justify and Qlib's float64 in float64 lanes;
   * `float64` everything in float64 lanes, rounded to float32 where Qlib does. Default `mixed`.
   */
  readonly lanes?: "mixed" | "float64";
  /** Of `wasm`: where compiled programs are kept beyond the process. */
  readonly programs?: ProgramCache;
  /** Told what the vector code did, once per phase. */
  readonly onStatistics?: (statistics: RunStatistics) => void;
  /** Type of the result; the computation keeps Qlib's types either way. Default `f32`, as Qlib delivers. */
  readonly precision?: "f32" | "f64";
  /** Where ChangeInstrument and Mask find instruments that the panel lacks; joined by date. */
  readonly foreign?: Panel;
  /** Point-in-time records for P and PRef. */
  readonly periodic?: PeriodicSource;
  /** Called after each instrument with the number done so far. */
  readonly onInstrument?: (done: number) => void;
}

export interface EvaluatedColumn extends Column {
  /** Type before the cast to the asked precision. */
  readonly type: Dtype;
  /** Rows before and after its own that a value depends on; Infinity when all earlier ones. */
  readonly lookBack: number;
  readonly lookAhead: number;
}

/**
 * Values of expressions on a panel: one column each, named by its text or given name, shape rows × instruments as the
 * panel's. Rows outside an instrument's span are NaN. The panel's instruments are the universe of operators across
 * instruments.
 * Throws `ExpressionError` when an expression, field or instrument is wrong.
 */
export function evaluateExpressions(
  expressions: Graph | readonly (ExpressionSource | NamedExpression)[],
  panel: Panel,
  options: EvaluationOptions = {},
): EvaluatedColumn[] {
  const graph = "nodes" in expressions ? expressions : buildGraph(expressions);
  for (const output of graph.outputs) {
    const problem = checkFields(output.tree, panel, options);
    if (problem !== null) throw named(problem, formatExpression(output.tree));
  }
  const { before, last } = planPhases(graph);
  let market = panel;
  for (const phase of before) market = withSections(market, phase, options);
  return evaluatePhase(last, market, options);
}

/** The panel with the results of a phase's sections as further columns, without those that nobody will read. */
function withSections(panel: Panel, phase: Phase, options: EvaluationOptions): Panel {
  const { onInstrument: _, ...rest } = options;
  const operands = evaluatePhase(phase.graph, panel, { ...rest, precision: "own" });
  const known = [...panel.columns.values(), ...operands];
  const columns = new Map(known.map(({ name, values }) => [name, values]));
  computeSections(phase, columns, panel);
  return { ...panel, columns: new Map([...columns].map(([name, values]) => [name, { name, values }])) };
}

export interface PhaseOptions extends Omit<EvaluationOptions, "precision"> {
  /** `own`: float32 for what is exactly that, else float64, so that nothing is rounded between phases. */
  readonly precision?: "f32" | "f64" | "own";
}

/**
 * Outputs of a graph without operators across instruments (a phase of `planPhases`). The fields that earlier phases made
 * are columns of the panel, in their own types. Names are not checked.
 */
export function evaluatePhase(graph: Graph, panel: Panel, options: PhaseOptions = {}): EvaluatedColumn[] {
  return options.backend === "js"
    ? evaluateByKernels(graph, panel, options)
    : evaluateByVectors(graph, panel, options);
}

function evaluateByVectors(graph: Graph, panel: Panel, options: PhaseOptions): EvaluatedColumn[] {
  const { precision = "f32", onStatistics } = options;
  const { values, statistics } = evaluateInBlocks(graph, panel, {
    ...options,
    precision: precision === "f32" ? "f32" : "f64",
  });
  onStatistics?.(statistics);
  return graph.outputs.map(({ name, node }, index): EvaluatedColumn => {
    const { type, reach } = graph.nodes[node]!;
    const own = values[index]!;
    return {
      name,
      values: precision === "own" && !isWide(type, options) ? Float32Array.from(own) : own,
      type,
      lookBack: lookBackOf(reach),
      lookAhead: lookAheadOf(reach),
    };
  });
}

function evaluateByKernels(graph: Graph, panel: Panel, options: PhaseOptions): EvaluatedColumn[] {
  const evaluator = new Evaluator(graph, panel, options);
  const lanes = panel.instruments.length;
  const size = panel.time.days.length * lanes;
  const columns = graph.outputs.map(({ name, node }): EvaluatedColumn => {
    const { type, reach } = graph.nodes[node]!;
    const values = (isWide(type, options) ? new Float64Array(size) : new Float32Array(size)).fill(Number.NaN);
    return { name, values, type, lookBack: lookBackOf(reach), lookAhead: lookAheadOf(reach) };
  });
  for (let lane = 0; lane < lanes; lane++) {
    const first = panel.first[lane]!;
    const last = panel.last[lane]!;
    if (first <= last) {
      evaluator.lane(lane, (output, series) => {
        const { values } = columns[output]!;
        const from = Math.max(first, series.first);
        const to = Math.min(last, series.first + series.values.length - 1);
        for (let row = from; row <= to; row++)
          values[row * lanes + lane] = series.values[row - series.first]!;
      });
    }
    options.onInstrument?.(lane + 1);
  }
  return columns;
}

function isWide(type: Dtype, { precision }: PhaseOptions): boolean {
  return precision === "f64" || (precision === "own" && (type === "f64" || type === "i64"));
}

function named(problem: ExpressionError, text: string): ExpressionError {
  const shown = text.length > 120 ? `${text.slice(0, 117)}…` : text;
  return new ExpressionError(problem.code, `${problem.message} in ${shown}`, { remedy: problem.remedy });
}
