import { inLane, type Lanes } from "./lanes.ts";

/**
 * Straight-line vector code for one row of a panel, as a graph without cycles: equal nodes are one node, constants are
 * folded in the precision of the lane, and what nobody stores is never emitted. A value of an earlier row comes from
 * its input (`load` with a lag) or from a ring, a small circular buffer of past rows in memory.
 *
 * Only identities that keep every bit are applied: x·1 = x, a choice between equal or by a known condition. x + 0 is
 * left alone, since −0 + 0 is +0.
 */
export type Arithmetic = "add" | "sub" | "mul" | "div" | "min" | "max" | "pmin" | "pmax";
export type Comparison = "lt" | "le" | "gt" | "ge" | "eq" | "ne";
export type Operation =
  | Arithmetic
  | Comparison
  | "constant"
  | "condition"
  | "count"
  | "load"
  | "ring"
  | "row"
  | "start"
  | "origin"
  | "abs"
  | "neg"
  | "sqrt"
  | "floor"
  | "round"
  | "log"
  | "closeLog"
  | "and"
  | "or"
  | "not"
  | "select"
  | "keep"
  | "tally"
  | "total";

export interface Vector {
  readonly id: number;
  readonly op: Operation;
  readonly inputs: readonly Vector[];
  /** `constant` value, `condition` 1 or 0, `count`, ring slot. */
  readonly number: number;
  /** Rows back, of `load` and `ring`. */
  readonly lag: number;
  readonly source: Source | null;
  readonly kind: "value" | "mask" | "tally";
}

/** Where a `load` reads: slot `index` of the block's float32 or float64 arrays. */
export interface Source {
  readonly type: "f32" | "f64";
  readonly index: number;
}

export type Store =
  | { readonly kind: "ring"; readonly slot: number; readonly value: Vector }
  | { readonly kind: "slot"; readonly target: Source; readonly value: Vector }
  | {
      readonly kind: "output";
      readonly index: number;
      readonly type: "f32" | "f64";
      readonly value: Vector;
      /** Lanes where this holds keep what the output already contains. */
      readonly unless: Vector | null;
    };

const ARITHMETIC: Readonly<Record<Arithmetic, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: Math.min,
  max: Math.max,
  pmin: (a, b) => (b < a ? b : a),
  pmax: (a, b) => (a < b ? b : a),
};
const COMPARISON: Readonly<Record<Comparison, (a: number, b: number) => boolean>> = {
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
};

export class VectorGraph {
  readonly lanes: Lanes;
  readonly stores: Store[] = [];
  /** Ring slots of each recurrence's state, in the order of its kernel's. */
  readonly states: { readonly key: number; readonly slots: readonly number[] }[] = [];
  readonly #nodes = new Map<number | string, Vector>();
  readonly #constants = new Map<number | string, Vector>();
  readonly #negative = new Map<number | string, Vector>();
  #count = 0;
  readonly #slots = new Map<number, number>();
  #slotCount = 0;
  #watched: Vector | null = null;

  constructor(lanes: Lanes) {
    this.lanes = lanes;
  }

  get slotCount(): number {
    return this.#slotCount;
  }

  /** The condition whose last row a run reports; null when there is none. */
  get watched(): Vector | null {
    return this.#watched;
  }

  constant(value: number): Vector {
    const number = inLane(this.lanes, value);
    return this.#node("constant", [], { number });
  }

  condition(value: boolean): Vector {
    return this.#node("condition", [], { number: value ? 1 : 0, kind: "mask" });
  }

  load(source: Source, lag = 0): Vector {
    return this.#node("load", [], { source, lag });
  }

  /** Number of the row, counted from the panel's first. */
  row(): Vector {
    return this.#node("row");
  }

  /** First row of each lane's own series. */
  start(): Vector {
    return this.#node("start");
  }

  /** First row of this run: what the rings hold of earlier rows is not from this series. */
  origin(): Vector {
    return this.#node("origin");
  }

  compute(op: Arithmetic, a: Vector, b: Vector): Vector {
    if (a.op === "constant" && b.op === "constant") return this.constant(ARITHMETIC[op](a.number, b.number));
    if (op === "mul" && isConstant(a, 1)) return b;
    if ((op === "mul" || op === "div") && isConstant(b, 1)) return a;
    if ((op === "pmin" || op === "pmax") && a === b) return a;
    return this.#node(op, [a, b]);
  }

  add(a: Vector, b: Vector): Vector {
    return this.compute("add", a, b);
  }

  sub(a: Vector, b: Vector): Vector {
    return this.compute("sub", a, b);
  }

  mul(a: Vector, b: Vector): Vector {
    return this.compute("mul", a, b);
  }

  div(a: Vector, b: Vector): Vector {
    return this.compute("div", a, b);
  }

  abs(x: Vector): Vector {
    return x.op === "constant" ? this.constant(Math.abs(x.number)) : this.#node("abs", [x]);
  }

  neg(x: Vector): Vector {
    return x.op === "constant" ? this.constant(-x.number) : this.#node("neg", [x]);
  }

  sqrt(x: Vector): Vector {
    return x.op === "constant" ? this.constant(Math.sqrt(x.number)) : this.#node("sqrt", [x]);
  }

  floor(x: Vector): Vector {
    return x.op === "constant" ? this.constant(Math.floor(x.number)) : this.#node("floor", [x]);
  }

  /** Rounded to float32; f32x4 lanes are already. */
  round(x: Vector): Vector {
    if (this.lanes === "f32x4" || x.op === "round") return x;
    if (x.op === "constant") return this.constant(Math.fround(x.number));
    if (x.op === "load" && x.source!.type === "f32") return x;
    return this.#node("round", [x]);
  }

  /** NumPy's float32 logarithm of a float32 value. */
  log(x: Vector): Vector {
    return this.#node("log", [x]);
  }

  /** The same to a few float32 steps; float32 lanes only. */
  closeLog(x: Vector): Vector {
    return this.#node("closeLog", [x]);
  }

  compare(op: Comparison, a: Vector, b: Vector): Vector {
    if (a.op === "constant" && b.op === "constant") return this.condition(COMPARISON[op](a.number, b.number));
    return this.#node(op, [a, b], { kind: "mask" });
  }

  and(a: Vector, b: Vector): Vector {
    if (isCondition(a, true) || isCondition(b, false) || a === b) return b;
    if (isCondition(b, true) || isCondition(a, false)) return a;
    return this.#node("and", [a, b], { kind: "mask" });
  }

  or(a: Vector, b: Vector): Vector {
    if (isCondition(a, false) || isCondition(b, true) || a === b) return b;
    if (isCondition(b, false) || isCondition(a, true)) return a;
    return this.#node("or", [a, b], { kind: "mask" });
  }

  not(a: Vector): Vector {
    if (a.op === "condition") return this.condition(a.number === 0);
    return a.op === "not" ? a.inputs[0]! : this.#node("not", [a], { kind: "mask" });
  }

  select(condition: Vector, yes: Vector, no: Vector): Vector {
    if (isCondition(condition, true) || yes === no) return yes;
    if (isCondition(condition, false)) return no;
    return this.#node("select", [condition, yes, no], { kind: yes.kind });
  }

  /** The value where the condition holds, +0 elsewhere. */
  keep(condition: Vector, value: Vector): Vector {
    if (isCondition(condition, true)) return value;
    if (isCondition(condition, false)) return this.constant(0);
    return this.#node("keep", [condition, value]);
  }

  /** A whole number of conditions met, kept as integers. */
  tally(conditions: Iterable<Vector>): Vector {
    let known = 0;
    let sum: Vector | null = null;
    for (const condition of conditions) {
      if (condition.op === "condition") known += condition.number;
      else
        sum = this.#node("tally", [sum ?? this.#node("count", [], { kind: "tally" }), condition], {
          kind: "tally",
        });
    }
    if (sum === null) return this.constant(known);
    const counted = this.#node("total", [sum]);
    return known === 0 ? counted : this.add(counted, this.constant(known));
  }

  /** The value `rows` rows ago: of an input from memory, of a computed one from a ring. */
  lagged(value: Vector, rows: number): Vector {
    if (rows === 0 || value.op === "constant" || value.op === "condition") return value;
    if (value.op === "load") return this.load(value.source!, value.lag + rows);
    if (value.op === "row") return this.sub(value, this.constant(rows));
    return this.#node("ring", [], { number: this.#slotOf(value), lag: rows, kind: value.kind });
  }

  /** A value that depends on its own past: `next` gets last row's value and returns this row's. */
  recur(next: (previous: Vector) => Vector): Vector {
    const slot = this.#slotCount++;
    const previous = this.#node("ring", [], { number: slot, lag: 1 });
    const value = next(previous);
    this.stores.push({ kind: "ring", slot, value });
    if (!this.#slots.has(value.id)) this.#slots.set(value.id, slot);
    return value;
  }

  /** A recurrence of some state values: `next` gets last row's state and returns this row's, and the result. */
  recurring(
    key: number,
    width: number,
    next: (before: readonly Vector[]) => { readonly state: readonly Vector[]; readonly result: Vector },
  ): Vector {
    const slots = Array.from({ length: width }, () => this.#slotCount++);
    const { state, result } = next(slots.map((slot) => this.#node("ring", [], { number: slot, lag: 1 })));
    for (const [index, value] of state.entries())
      this.stores.push({ kind: "ring", slot: slots[index]!, value });
    this.states.push({ key, slots });
    return result;
  }

  /** A run reports the last row where any lane's condition holds. */
  watch(condition: Vector): void {
    this.#watched = this.#watched === null ? condition : this.or(this.#watched, condition);
  }

  store(store: Store): void {
    this.stores.push(store);
  }

  #slotOf(value: Vector): number {
    let slot = this.#slots.get(value.id);
    if (slot === undefined) {
      slot = this.#slotCount++;
      this.#slots.set(value.id, slot);
      this.stores.push({ kind: "ring", slot, value });
    }
    return slot;
  }

  #node(op: Operation, inputs: readonly Vector[] = [], facts: Partial<Vector> = {}): Vector {
    const { number = 0, lag = 0, source = null, kind = "value" } = facts;
    const key = keyOf(op, inputs, { number, lag, source });
    // −0 and 0 are one key of a map.
    const nodes =
      op === "constant" ? (Object.is(number, -0) ? this.#negative : this.#constants) : this.#nodes;
    let node = nodes.get(key);
    if (node === undefined) {
      node = { id: this.#count++, op, inputs, number, lag, source, kind };
      nodes.set(key, node);
    }
    return node;
  }
}

const codes = new Map<Operation, number>();

/** What tells nodes apart, as a number where that is enough: texts take longer to look up. Ids stay far below 2^20. */
function keyOf(
  op: Operation,
  [a, b, c]: readonly Vector[],
  { number, lag, source }: Pick<Vector, "number" | "lag" | "source">,
): number | string {
  if (op === "constant") return number;
  let code = codes.get(op);
  if (code === undefined) codes.set(op, (code = codes.size));
  if (c !== undefined) return `${code} ${a!.id} ${b!.id} ${c.id}`;
  if (a !== undefined) return (code * 2 ** 20 + a.id) * 2 ** 21 + (b === undefined ? 2 ** 20 : b.id);
  const place = source === null ? number : source.index * 2 + (source.type === "f32" ? 0 : 1);
  return (code * 2 ** 20 + place) * 2 ** 21 + lag;
}

export function isConstant(x: Vector, value: number): boolean {
  return x.op === "constant" && x.number === value;
}

export function isCondition(x: Vector, value: boolean): boolean {
  return x.op === "condition" && x.number === (value ? 1 : 0);
}
