import { Bytes } from "./bytes.ts";
import { Code } from "./code.ts";
import {
  closeLogConstants,
  closeLogOfFour,
  logConstants,
  logOfFour,
  logOfPair,
  UPPER_HALF,
} from "./float32-log.ts";
import {
  isSorting,
  isWaiting,
  liveCode,
  ringCode,
  ringsOf,
  VECTOR_BYTES as BYTES,
  type LiveCode,
  type Ring,
} from "./live-code.ts";
import { control, i32, int32x4, int64x2, valueType, vector } from "./opcodes.ts";
import type { Arithmetic, Comparison, Store, Vector, VectorGraph } from "./vector-graph.ts";

/**
 * A vector graph as one WebAssembly function that runs it over rows `from` … `to`−1 of four instruments.
 *
 * Parameters: `base` address of the instruments' data, `out` address of the first output at row `commitFrom`, `from`,
 * `to`, `commitFrom`, `commit`, `state` address of the rings, `origin`, `pair` (which two of the four, for f64x2).
 * With `commit` 0 the rings are filled and nothing is kept: every row writes to row `commitFrom`. Result: the last row on which the watched condition held in any lane, or −2^31.
 */
export interface DataLayout {
  /** Rows before row 0 that windows may touch. */
  readonly pad: number;
  readonly f32: Region;
  readonly f64: Region;
  /** From one quad's data to the next one's. */
  readonly quadBytes: number;
  /** Outputs of one chunk of rows: arrays `[output][chunkRows + 1][4]`, `outputStride` bytes apart. */
  readonly chunkRows: number;
  readonly outputRow: number;
  readonly outputStride: number;
  /** From one quad's outputs to the next one's. */
  readonly outputBytes: number;
  /** Results of a block: arrays `[output][rows][lanes]`. */
  readonly resultRow: number;
  readonly resultStride: number;
}

/** Arrays `[slot][pad + rows][4]` from `offset`, `stride` bytes apart. */
interface Region {
  readonly offset: number;
  readonly stride: number;
}

/**
 * Before the regions: the four first rows as float32, as float64, the four last rows as float32, and the last watched row of a
 * quad that was computed together with the one before it.
 */
export const HEADER_BYTES = 128;
export const FIRST_ROWS = 16;
export const LAST_ROWS = 48;
export const SEEN_ROW = 64;
export const NEVER = -(2 ** 31);

export interface FamilyFunction {
  readonly body: Bytes;
  /**
   * Every step is done twice, so that one chain of steps goes on while the other waits for its results: the f64x2 function
   * computes all four instruments and `pair` is 0; the f32x4 function computes the next quad as well. The rings of the
   * second two or four lie behind those of the first.
   */
  readonly both: boolean;
  /** Bytes of ring memory for four instruments (f32x4) or two (f64x2). */
  readonly stateBytes: number;
  /** Where each recurrence of the graph keeps its state; null for a value that nothing reads. */
  readonly states: readonly { readonly key: number; readonly places: readonly (Ring | null)[] }[];
}

const BASE = 0;
const OUT = 1;
const FROM = 2;
const TO = 3;
const COMMIT_FROM = 4;
const COMMIT = 5;
const STATE = 6;
const ORIGIN = 7;
const PAIR = 8;
export const FAMILY_PARAMETERS = 9;

const TWO_52 = 2 ** 52;

export interface FunctionOptions {
  /** Only the part that fills the rings and watches, with the same rings. */
  readonly warm?: boolean;
  /** Two instruments a call in f64x2, in half the code: for what runs seldom. */
  readonly brief?: boolean;
  /** Quads come by twos, so that a f32x4 function can do two. */
  readonly twos?: boolean;
}

export function familyFunction(
  graph: VectorGraph,
  layout: DataLayout,
  options: FunctionOptions = {},
): FamilyFunction {
  return new Emitter(graph, layout, options).emit();
}

class Emitter {
  readonly #graph: VectorGraph;
  readonly #layout: DataLayout;
  readonly #code = new Code();
  readonly #live: LiveCode;
  /** By side: of the second two instruments the locals are other ones. */
  readonly #locals = [new Map<Vector, number>(), new Map<Vector, number>()] as const;
  readonly #sides: readonly Side[];
  #side: Side = 0;
  /** Locals of the logarithm's constants. */
  readonly #bytes = new Map<string, number>();
  /** Local that holds the address offset of a row so many rows ago in rings of so many rows. */
  readonly #ringAddress = new Map<string, number>();
  readonly #rings: ReadonlyMap<number, Ring>;
  readonly #stateBytes: number;
  #nextLocal = FAMILY_PARAMETERS;
  #wholes = 0;
  #vectors = 0;

  constructor(graph: VectorGraph, layout: DataLayout, options: FunctionOptions) {
    const { warm = false, brief = false, twos = false } = options;
    this.#graph = graph;
    this.#layout = layout;
    const live = liveCode(graph);
    const both = graph.lanes === "f64x2" ? !brief && !isSorting(live) : twos && isWaiting(live);
    this.#sides = both ? [0, 1] : [0];
    ({ rings: this.#rings, bytes: this.#stateBytes } = ringsOf(live));
    this.#live = warm ? ringCode(live, graph.watched) : live;
  }

  emit(): FamilyFunction {
    const { lanes, watched } = this.#graph;
    const { stores } = this.#live;
    const code = this.#code;
    const [data32, data64, out, kept32, kept64, row, step16, step32, stepOut] = Array.from(
      { length: 9 },
      () => this.#whole(),
    ) as [number, number, number, number, number, number, number, number, number];
    // Two quads have a last row each.
    const lasts = this.#sides.slice(0, lanes === "f32x4" ? 2 : 1).map(() => this.#whole());
    const lags = this.#lags();
    for (const { rows, lag } of lags) this.#ringAddress.set(`${rows} ${lag}`, this.#whole());
    const address = (target: number, firstRow: number, width: 16 | 32): void => {
      code.get(BASE).get(firstRow).whole(width).op(i32.mul).op(i32.add);
      if (lanes === "f64x2")
        code
          .get(PAIR)
          .whole(width / 2)
          .op(i32.mul)
          .op(i32.add);
      code.set(target);
    };
    address(data32, FROM, 16);
    address(data64, FROM, 32);
    address(kept32, COMMIT_FROM, 16);
    address(kept64, COMMIT_FROM, 32);
    for (const [step, bytes] of [
      [step16, 16],
      [step32, 32],
      [stepOut, this.#layout.outputRow],
    ] as const) {
      code.get(COMMIT).whole(bytes).op(i32.mul).set(step);
    }
    code.get(OUT).set(out).get(FROM).set(row);
    for (const last of lasts) code.whole(NEVER).set(last);
    const rowVector = this.#hoist();
    code.op(control.loop).op(control.empty);
    for (const { rows, lag } of lags) {
      code
        .get(row)
        .whole(lag)
        .op(i32.sub)
        .whole(rows - 1)
        .op(i32.and);
      code.whole(4).op(i32.shiftLeft).get(STATE).op(i32.add);
      code.set(this.#ringAddress.get(`${rows} ${lag}`)!);
    }
    const places = { data32, data64, out, kept32, kept64 };
    for (const store of stores) {
      for (const side of this.#sides) {
        this.#side = side;
        this.#store(store, places);
      }
    }
    if (watched !== null && watched.op !== "condition") {
      for (const [index, last] of lasts.entries()) {
        code.get(row).get(last);
        for (const side of lasts.length === 2 ? [index as Side] : this.#sides) {
          this.#side = side;
          this.#push(watched, places);
          if (lasts.length === 1 && side === 1) code.simd(vector.or);
        }
        code.simd(vector.anyTrue).op(i32.select).set(last);
      }
    }
    if (rowVector !== null) {
      code.get(rowVector).splat(lanes, 1).float(lanes, "add").set(rowVector);
    }
    for (const [pointer, bytes] of [
      [data32, 16],
      [data64, 32],
    ] as const) {
      code.get(pointer).whole(bytes).op(i32.add).set(pointer);
    }
    for (const [pointer, step] of [
      [kept32, step16],
      [kept64, step32],
      [out, stepOut],
    ] as const) {
      code.get(pointer).get(step).op(i32.add).set(pointer);
    }
    code.get(row).whole(1).op(i32.add).tee(row).get(TO).op(i32.lessSigned).op(control.branchIf);
    code.bytes.u32(0);
    code.op(control.end);
    const [first, second] = lasts as [number, number?];
    if (second !== undefined) {
      code.get(BASE).get(second).op(i32.store);
      code.bytes.u32(2).u32(this.#layout.quadBytes + SEEN_ROW);
    }
    code.get(first);
    const body = new Bytes();
    body.u32(2).u32(this.#wholes).byte(valueType.i32).u32(this.#vectors).byte(valueType.v128);
    body.bytes(code.bytes.view()).byte(control.end);
    return {
      body,
      both: this.#sides.length === 2,
      stateBytes: this.#stateBytes,
      states: this.#graph.states.map(({ key, slots }) => ({
        key,
        places: slots.map((slot) => this.#rings.get(slot) ?? null),
      })),
    };
  }

  #lags(): { readonly rows: number; readonly lag: number }[] {
    const lags = new Map<string, { rows: number; lag: number }>();
    const add = (rows: number, lag: number): unknown => lags.set(`${rows} ${lag}`, { rows, lag });
    for (const { rows } of this.#rings.values()) add(rows, 0);
    for (const node of this.#live.uses.keys()) {
      if (node.op === "ring") add(this.#rings.get(node.number)!.rows, node.lag);
    }
    return [...lags.values()];
  }

  /** Constants and what stays the same over all rows, before the loop. Returns the local of the row number. */
  #hoist(): number | null {
    const { lanes } = this.#graph;
    const code = this.#code;
    let rowVector: number | null = null;
    const splatRow = (parameter: number): void => {
      code
        .get(parameter)
        .op(lanes === "f32x4" ? i32.toFloat32 : i32.toFloat64)
        .float(lanes, "splat");
    };
    for (const [operation, constants] of [
      ["log", logConstants],
      ["closeLog", closeLogConstants],
    ] as const) {
      if (![...this.#live.uses.keys()].some(({ op }) => op === operation)) continue;
      for (const bytes of constants) {
        if (this.#bytes.has(bytes.join())) continue;
        const local = this.#scratch();
        this.#bytes.set(bytes.join(), local);
        code.constant(bytes).set(local);
      }
    }
    for (const [node, uses] of this.#live.uses) {
      if (node.op === "constant" || node.op === "condition" || node.op === "count") {
        if (uses < 2) continue;
        this.#constant(node);
      } else if (node.op === "row") {
        splatRow(FROM);
        rowVector = this.#nextLocal;
      } else if (node.op === "origin") splatRow(ORIGIN);
      else if (node.op === "start") {
        for (const side of this.#sides) {
          code.get(BASE);
          if (lanes === "f64x2") code.get(PAIR).whole(BYTES).op(i32.mul).op(i32.add);
          code.memory(
            vector.load,
            2,
            lanes === "f32x4" ? side * this.#layout.quadBytes : FIRST_ROWS + side * BYTES,
          );
          this.#side = side;
          code.set(this.#keep(node));
        }
        continue;
      } else continue;
      const local = this.#scratch();
      for (const locals of this.#locals) locals.set(node, local);
      code.set(local);
    }
    return rowVector;
  }

  #constant(node: Vector): void {
    if (node.op === "count") this.#code.longs(0n);
    else if (node.op === "condition") this.#code.longs(node.number === 0 ? 0n : -1n);
    else this.#code.splat(this.#graph.lanes, node.number);
  }

  #store(store: Store, places: Places): void {
    const code = this.#code;
    const { lanes } = this.#graph;
    if (store.kind === "ring") {
      const { rows, offset } = this.#rings.get(store.slot)!;
      code.get(this.#ringAddress.get(`${rows} 0`)!);
      this.#push(store.value, places);
      code.memory(vector.store, 2, offset + this.#side * this.#stateBytes);
      return;
    }
    const type = store.kind === "slot" ? store.target.type : store.type;
    const offset =
      store.kind === "slot"
        ? this.#slotOffset(store.target, 0)
        : store.index * this.#layout.outputStride + this.#outputSide(type);
    const place = store.kind === "output" ? places.out : type === "f32" ? places.kept32 : places.kept64;
    code.get(place);
    this.#push(store.value, places);
    if (store.kind === "output" && store.unless !== null) {
      const made = this.#scratch();
      code.set(made).get(place);
      if (lanes === "f64x2" && type === "f32") {
        code.memory(vector.load64Zero, 2, offset).simd(vector.promote);
      } else code.memory(vector.load, 2, offset);
      code.get(made);
      this.#push(store.unless, places);
      code.select(lanes);
    }
    if (lanes === "f64x2" && type === "f32") {
      code.simd(vector.demote).memory(vector.store64Lane, 2, offset).bytes.byte(0);
    } else if (lanes === "f32x4" && type === "f64") {
      this.#storeWidened(place, offset);
    } else code.memory(vector.store, 2, offset);
  }

  /** The four float32 values on the stack as four float64: two vectors. Below them lies the address. */
  #storeWidened(place: number, offset: number): void {
    const code = this.#code;
    const made = this.#scratch();
    code.tee(made).simd(vector.promote).memory(vector.store, 2, offset);
    code.get(place).get(made).get(made).simd(vector.shuffle).bytes.bytes(UPPER_HALF);
    code.simd(vector.promote).memory(vector.store, 2, offset + 16);
  }

  #slotOffset(source: { readonly type: "f32" | "f64"; readonly index: number }, lag: number): number {
    const region = this.#layout[source.type];
    const width = source.type === "f32" ? 16 : 32;
    const row = region.offset + source.index * region.stride + (this.#layout.pad - lag) * width;
    return row + this.#side * (this.#graph.lanes === "f32x4" ? this.#layout.quadBytes : width / 2);
  }

  #outputSide(type: "f32" | "f64"): number {
    if (this.#graph.lanes === "f32x4") return this.#side * this.#layout.outputBytes;
    return this.#side * (type === "f32" ? 8 : 16);
  }

  /** Puts a node's value on the stack; a shared one is computed once and kept in a local. */
  #push(node: Vector, places: Places): void {
    const known = this.#locals[this.#side].get(node);
    if (known !== undefined) {
      this.#code.get(known);
      return;
    }
    this.#compute(node, places);
    if (this.#live.uses.get(node)! > 1) this.#code.tee(this.#keep(node));
  }

  #compute(node: Vector, places: Places): void {
    const code = this.#code;
    const { lanes } = this.#graph;
    const each = (): void => {
      for (const input of node.inputs) this.#push(input, places);
    };
    switch (node.op) {
      case "constant":
      case "condition":
      case "count":
        this.#constant(node);
        return;
      case "load":
        this.#load(node, places);
        return;
      case "ring": {
        const { rows, offset } = this.#rings.get(node.number)!;
        const place = offset + this.#side * this.#stateBytes;
        code.get(this.#ringAddress.get(`${rows} ${node.lag}`)!).memory(vector.load, 2, place);
        return;
      }
      case "select": {
        const [condition, yes, no] = node.inputs as readonly [Vector, Vector, Vector];
        this.#push(yes, places);
        this.#push(no, places);
        this.#push(condition, places);
        code.select(lanes);
        return;
      }
      case "tally":
        each();
        code.simd(lanes === "f32x4" ? int32x4.sub : int64x2.sub);
        return;
      case "total":
        each();
        if (lanes === "f32x4") code.simd(int32x4.toFloat);
        else code.longs(0x4330000000000000n).simd(vector.or).splat("f64x2", TWO_52).float("f64x2", "sub");
        return;
      case "closeLog":
      case "log": {
        each();
        const exact = lanes === "f32x4" ? logOfFour : logOfPair;
        const log = node.op === "log" ? exact : closeLogOfFour;
        log(code, {
          constant: (bytes) => this.#bytes.get(bytes.join())!,
          scratch: () => this.#scratch(),
        });
        return;
      }
      case "round":
        each();
        code.simd(vector.demote).simd(vector.promote);
        return;
      case "keep":
      case "and":
        each();
        code.simd(vector.and);
        return;
      case "or":
        each();
        code.simd(vector.or);
        return;
      case "not":
        each();
        code.simd(vector.not);
        return;
      case "row":
      case "start":
      case "origin":
        throw new Error(`${node.op} is hoisted before the loop`);
      default:
        each();
        code.float(lanes, node.op satisfies Arithmetic | Comparison | "abs" | "neg" | "sqrt" | "floor");
    }
  }

  #load(node: Vector, places: Places): void {
    const source = node.source!;
    const offset = this.#slotOffset(source, node.lag);
    const wide = this.#graph.lanes === "f64x2";
    if (source.type === "f64") {
      if (!wide) throw new Error("a float64 array is not read by float32 lanes");
      this.#code.get(places.data64).memory(vector.load, 2, offset);
    } else if (wide) {
      this.#code.get(places.data32).memory(vector.load64Zero, 2, offset).simd(vector.promote);
    } else this.#code.get(places.data32).memory(vector.load, 2, offset);
  }

  #keep(node: Vector): number {
    const local = this.#scratch();
    this.#locals[this.#side].set(node, local);
    return local;
  }

  #scratch(): number {
    this.#vectors++;
    return this.#nextLocal++;
  }

  /** Integer locals come before all vector ones. */
  #whole(): number {
    this.#wholes++;
    return this.#nextLocal++;
  }
}

type Side = 0 | 1;

interface Places {
  readonly data32: number;
  readonly data64: number;
  readonly out: number;
  readonly kept32: number;
  readonly kept64: number;
}
