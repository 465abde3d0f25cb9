import type { Day } from "#market/day";
import type { Column, Panel } from "#panel/panel";
import { ExpressionError } from "../errors.ts";
import { buildGraph, type ExpressionSource, type NamedExpression } from "../ir/build.ts";
import type { Graph } from "../ir/node.ts";
import { lookAheadOf } from "../operators/reach.ts";
import { planPhases } from "../plan/phases.ts";
import { formatExpression } from "../syntax/format.ts";
import { kernelBack } from "./append-reach.ts";
import { recurrenceOf } from "./checkpoint.ts";
import { computeSections } from "./cross-section.ts";
import { checkFields, fieldColumns } from "./fields.ts";
import { StreamingBlock } from "./streaming-block.ts";

/**
 * The expressions of a batch, fed one row of bars at a time, without end and in bounded memory. Every value has the bits
 * that `evaluateExpressions` gives over all rows so far.
 */
export interface StreamOptions {
  readonly instruments: readonly string[];
  /** Type of the results; default `f32`. */
  readonly precision?: "f32" | "f64";
  /** As of `evaluateExpressions`; default `mixed`. */
  readonly lanes?: "mixed" | "float64";
}

export interface StreamRow {
  readonly day: Day;
  /** Minute of the day, of intraday bars. */
  readonly minute?: number;
  /** One array per field, a value per instrument; NaN for a missing bar. An instrument begins with its first value. */
  readonly fields: Readonly<Record<string, Float32Array | Float64Array>>;
}

interface StreamedPhase {
  readonly block: StreamingBlock;
  readonly graph: Graph;
}

export class StreamingFactors {
  /** Names of the outputs, in order. */
  readonly names: readonly string[];
  readonly #graph: Graph;
  readonly #instruments: readonly string[];
  readonly #listed: Uint8Array;
  readonly #phases: readonly StreamedPhase[];
  #checked = "";

  /** Throws `ExpressionError` when an expression is wrong or cannot be streamed. */
  constructor(expressions: Graph | readonly (ExpressionSource | NamedExpression)[], options: StreamOptions) {
    const { instruments, precision = "f32", lanes = "mixed" } = options;
    this.#graph = "nodes" in expressions ? expressions : buildGraph(expressions);
    for (const [index, { tree }] of this.#graph.outputs.entries()) {
      const problem = streamProblem(this.#graph, index);
      if (problem !== null)
        throw new ExpressionError(problem.code, `${problem.message} in ${formatExpression(tree)}`, problem);
    }
    this.names = this.#graph.outputs.map(({ name }) => name);
    this.#instruments = instruments;
    this.#listed = new Uint8Array(instruments.length);
    const { before, last } = planPhases(this.#graph);
    const of = (graph: Graph, delivered: "f32" | "f64"): StreamedPhase => ({
      graph,
      block: new StreamingBlock(graph, instruments.length, { precision: delivered, lanes }),
    });
    this.#phases = [...before.map(({ graph }) => of(graph, "f64")), of(last, precision)];
  }

  /**
   * Takes the next row and returns each output's values of it, by instrument; NaN before an instrument's first bar. The
   * arrays hold until the next row. Throws `ExpressionError` when a field is missing, `RangeError` when one has another
   * length than the instruments or holds ±inf; the stream is then as before.
   */
  push(row: StreamRow): readonly (Float32Array | Float64Array)[] {
    const { before } = planPhases(this.#graph);
    let panel = this.#panelOf(row);
    for (const [index, phase] of before.entries()) {
      const { graph, block } = this.#phases[index]!;
      const operands = block.push(this.#rowOf(panel)).map((values, at): Column => {
        const { name, node } = graph.outputs[at]!;
        const { type } = graph.nodes[node]!;
        // As between the phases of a batch.
        const wide = type === "f64" || type === "i64";
        return { name, values: wide ? Float64Array.from(values) : Float32Array.from(values) };
      });
      const known = [...panel.columns.values(), ...operands];
      const columns = new Map(known.map(({ name, values }) => [name, values]));
      computeSections(phase, columns, panel);
      panel = { ...panel, columns: new Map([...columns].map(([name, values]) => [name, { name, values }])) };
    }
    return this.#phases.at(-1)!.block.push(this.#rowOf(panel));
  }

  #rowOf(panel: Panel): Parameters<StreamingBlock["push"]>[0] {
    const columns = fieldColumns(panel);
    return { listed: this.#listed, field: (name) => columns.get(name)! };
  }

  #panelOf({ day, minute, fields }: StreamRow): Panel {
    const count = this.#instruments.length;
    const columns = new Map<string, Column>();
    for (const [name, values] of Object.entries(fields)) {
      if (values.length !== count)
        throw new RangeError(`field ${name} holds ${values.length} values for ${count} instruments`);
      const infinite = values.findIndex((value) => Math.abs(value) === Number.POSITIVE_INFINITY);
      if (infinite >= 0)
        throw new RangeError(
          `field ${name} of ${this.#instruments[infinite]} is ${values[infinite]}, a bar holds numbers or NaN`,
        );
      columns.set(name, { name, values });
    }
    const listed = this.#listed.slice();
    for (const { values } of columns.values())
      for (let lane = 0; lane < count; lane++) if (!Number.isNaN(values[lane]!)) listed[lane] = 1;
    const time = {
      freq: minute === undefined ? "day" : "1min",
      days: Int32Array.of(day),
      ...(minute === undefined ? {} : { minutes: Int16Array.of(minute) }),
    } as Panel["time"];
    const panel: Panel = {
      role: "market",
      time,
      instruments: this.#instruments,
      first: Int32Array.from(listed, (each) => 1 - each),
      last: new Int32Array(count),
      columns,
    };
    this.#checkFields(panel);
    this.#listed.set(listed);
    return panel;
  }

  /** Once for rows of the same fields. */
  #checkFields(panel: Panel): void {
    const key = [...panel.columns.keys()].join(" ");
    if (key === this.#checked) return;
    for (const { tree } of this.#graph.outputs) {
      const problem = checkFields(tree, panel, {});
      if (problem !== null) throw problem;
    }
    this.#checked = key;
  }
}

/** Why an output of a graph cannot be computed one bar at a time, or null. */
export function streamProblem(graph: Graph, output: number): ExpressionError | null {
  const seen = new Set<number>();
  const visit = (id: number): ExpressionError | null => {
    const node = graph.nodes[id]!;
    if (seen.has(id) || node.kind !== "apply") return null;
    seen.add(id);
    const { name, scope } = node.operator;
    if (lookAheadOf(node.reach) > 0) {
      return new ExpressionError("EXPRESSION_LOOKS_AHEAD", `${name} uses later bars`, {
        remedy: "labels are computed over stored bars",
      });
    }
    if (scope === "instrument" || scope === "period") {
      return new ExpressionError("EXPRESSION_NOT_STREAMED", `${name} reads rows of other data`, {
        remedy: "compute it over stored bars, or push its result as a field",
      });
    }
    if (kernelBack(graph, node) === Number.POSITIVE_INFINITY && recurrenceOf(node) === null) {
      return new ExpressionError("EXPRESSION_NOT_STREAMED", `${name} needs every earlier bar`, {
        remedy: "give it a window, or compute it over stored bars",
      });
    }
    for (const input of node.inputs) {
      const problem = visit(input);
      if (problem !== null) return problem;
    }
    return null;
  };
  return visit(graph.outputs[output]!.node);
}
