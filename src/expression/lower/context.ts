import { VectorGraph, type Source, type Vector } from "#kernels/wasm/vector-graph";
import type { Lanes } from "#kernels/wasm/lanes";
import { operandType, type AppliedOperator, type Graph, type GraphNode } from "../ir/node.ts";
import { commonType, type Dtype } from "../operators/dtype.ts";
import type { Lowering } from "./lowering.ts";
import { WindowTrees } from "./window-tree.ts";

/**
 * Lowers graph nodes to vector code for one family of outputs, in one of two versions:
 * `complete` takes every row that a window reaches to exist and every operand to be finite, and watches that it is so;
 * the other one masks what is missing. With the assumption met both give the same bits in the same lanes, since the
 * complete one is the masked one with its masks folded away.
 */
export type LoweringTable = (node: AppliedOperator, graph: Graph) => Lowering | null;

export interface LoweringMode {
  readonly lanes: Lanes;
  readonly complete: boolean;
  /** Results may be a few float32 steps off; float32 lanes only. */
  readonly close?: boolean;
}

/** An operand of a window: `filled` holds the last present value where `present` does not hold. */
export interface Stream {
  readonly value: Vector;
  readonly filled: Vector;
  readonly present: Vector;
}

/** Operands of float32 windows beyond this are left to float64: squares of squares must stay below 3.4e38. */
export const FLOAT32_OPERAND_LIMIT = 1e12;
/** As a row number: before every row. */
const LONG_AGO = -1e6;

export class LoweringContext {
  readonly graph: Graph;
  readonly mode: LoweringMode;
  readonly vectors: VectorGraph;
  readonly trees: WindowTrees;
  readonly #sources: ReadonlyMap<number, Source>;
  readonly #loweringOf: LoweringTable;
  readonly #values = new Map<number, Vector>();
  readonly #streams = new Map<number, Stream>();
  readonly #lastUnfit = new Map<number, Vector>();

  constructor(
    graph: Graph,
    mode: LoweringMode,
    from: {
      readonly sources: ReadonlyMap<number, Source>;
      readonly loweringOf: LoweringTable;
    },
  ) {
    this.graph = graph;
    this.mode = mode;
    this.vectors = new VectorGraph(mode.lanes);
    this.trees = new WindowTrees(this.vectors);
    this.#sources = from.sources;
    this.#loweringOf = from.loweringOf;
  }

  /** The node as a number (a condition as 1 or 0). */
  number(id: number): Vector {
    const value = this.#value(id);
    return value.kind === "mask" ? this.vectors.keep(value, this.vectors.constant(1)) : value;
  }

  /**
   * The node as a float32 output. A float64 quotient that is rounded to float32 next, and read by nothing else here, may be
   * a product with the reciprocal: one step of float64 off, and many factors have the same denominator.
   */
  delivered(id: number): Vector {
    const node = this.graph.nodes[id]!;
    const isQuotient = node.kind === "apply" && node.operator.name === "Div" && node.type === "f64";
    if (!isQuotient || this.mode.lanes === "f32x4" || this.#sources.has(id)) return this.number(id);
    const [left, right] = this.operands(node);
    return this.vectors.mul(left, this.vectors.div(this.vectors.constant(1), right));
  }

  /** The node as a condition: whatever is not zero holds, NaN too. */
  condition(id: number): Vector {
    const value = this.#value(id);
    return value.kind === "mask" ? value : this.vectors.compare("ne", value, this.vectors.constant(0));
  }

  /** A number operand as the node's operands are combined: in float32 when their common type is. */
  operands(node: AppliedOperator): readonly [Vector, Vector] {
    const [left, right] = node.inputs.map((id) => this.graph.nodes[id]!) as [GraphNode, GraphNode];
    const common = this.common(left, right);
    const single = (operand: GraphNode): Vector =>
      operand.kind === "number" && common === "f32"
        ? this.vectors.constant(Math.fround(operand.value))
        : this.number(operand.id);
    return [single(left), single(right)];
  }

  common(left: GraphNode, right: GraphNode): Dtype {
    return commonType(operandType(left), operandType(right));
  }

  /** Whether the row `back` rows ago belongs to the instrument. */
  exists(back: number): Vector {
    const { vectors } = this;
    if (this.mode.complete) return vectors.condition(true);
    return vectors.compare("ge", vectors.lagged(vectors.row(), back), vectors.start());
  }

  /** The operand of a window: ±inf counts as missing. */
  stream(id: number): Stream {
    let stream = this.#streams.get(id);
    if (stream === undefined) this.#streams.set(id, (stream = this.#openStream(id)));
    return stream;
  }

  /** `value` where the window holds anything at all, else NaN. */
  unlessEmpty(count: Vector, value: Vector): Vector {
    const { vectors } = this;
    return vectors.select(
      vectors.compare("gt", count, vectors.constant(0)),
      value,
      vectors.constant(Number.NaN),
    );
  }

  /**
   * Whether float32 may serve this row: each operand stream has been present and of moderate size on all rows its
   * windows reach, and so many rows exist.
   */
  fitForFloat32(streams: ReadonlyMap<number, number>, reach: number): Vector {
    const { vectors } = this;
    let fit = this.exists(reach);
    for (const [id, back] of streams) {
      const age = vectors.sub(vectors.row(), this.#unfitSince(id));
      fit = vectors.and(fit, vectors.compare("gt", age, vectors.constant(back)));
    }
    return fit;
  }

  #unfitSince(id: number): Vector {
    let last = this.#lastUnfit.get(id);
    if (last === undefined) {
      const { vectors } = this;
      const limit = vectors.constant(FLOAT32_OPERAND_LIMIT);
      const fit = vectors.compare("lt", vectors.abs(this.number(id)), limit);
      const unfit = vectors.and(this.exists(0), vectors.not(fit));
      const isFirst = vectors.compare("le", vectors.row(), vectors.origin());
      last = vectors.recur((previous) =>
        vectors.select(unfit, vectors.row(), vectors.select(isFirst, vectors.constant(LONG_AGO), previous)),
      );
      this.#lastUnfit.set(id, last);
    }
    return last;
  }

  #openStream(id: number): Stream {
    const { vectors, mode } = this;
    const value = this.number(id);
    const isCondition = this.graph.nodes[id]!.type === "bool";
    if (mode.complete) {
      if (!isCondition) this.#watch(value);
      return { value, filled: value, present: vectors.condition(true) };
    }
    const finite = isCondition
      ? vectors.condition(true)
      : vectors.compare("lt", vectors.abs(value), vectors.constant(Number.POSITIVE_INFINITY));
    if (!isCondition) vectors.watch(vectors.and(this.exists(0), vectors.not(finite)));
    const present = vectors.and(this.exists(0), finite);
    const isFirst = vectors.compare("le", vectors.row(), vectors.origin());
    const filled = vectors.recur((previous) =>
      vectors.select(present, value, vectors.select(isFirst, vectors.constant(0), previous)),
    );
    return { value, filled, present };
  }

  #watch(value: Vector): void {
    const { vectors, mode } = this;
    const limit = mode.lanes === "f32x4" ? FLOAT32_OPERAND_LIMIT : Number.POSITIVE_INFINITY;
    vectors.watch(vectors.not(vectors.compare("lt", vectors.abs(value), vectors.constant(limit))));
  }

  #value(id: number): Vector {
    let value = this.#values.get(id);
    if (value === undefined) this.#values.set(id, (value = this.#lower(this.graph.nodes[id]!)));
    return value;
  }

  #lower(node: GraphNode): Vector {
    const source = this.#sources.get(node.id);
    if (source !== undefined) {
      const loaded = this.vectors.load(source);
      return node.type === "bool" ? this.vectors.compare("ne", loaded, this.vectors.constant(0)) : loaded;
    }
    if (node.kind === "number") return this.vectors.constant(node.value);
    if (node.kind !== "apply") throw new Error(`the field ${node.name} has no place in the block`);
    const lowered = this.#loweringOf(node, this.graph)!.lower(this, node);
    return node.type === "f32" && lowered.kind === "value" ? this.vectors.round(lowered) : lowered;
  }
}
