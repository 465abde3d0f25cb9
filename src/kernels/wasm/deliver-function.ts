import { Bytes } from "./bytes.ts";
import { Code } from "./code.ts";
import { LAST_ROWS, type DataLayout } from "./family-function.ts";
import type { ModuleFunction } from "./module.ts";
import type { Lanes } from "./lanes.ts";
import { allTrue, control, i32, valueType, vector } from "./opcodes.ts";

/**
 * Moves the outputs of a chunk from where the families of some neighbouring quads wrote them to the block's results, row
 * by row, so that whole cache lines are written. Every NaN becomes the same one, and rows outside an instrument's own
 * span become NaN. Parameters: `base` of the first quad's data and `dataStride` to the next one's, `out` of the first
 * quad, `result` at row `from`, `from`, `to`, number of outputs.
 */
const BASE = 0;
const DATA_STRIDE = 1;
const OUT = 2;
const RESULT = 3;
const FROM = 4;
const TO = 5;
const OUTPUTS = 6;
const PARAMETERS = 7;
const SOURCE = 7;
const TARGET = 8;
const ROW = 9;
const INTEGERS = 3;
const NAN = 10;
const AT = 11;
const VALUE = 12;
const SPANS = 13;

export function deliverName(quads: number): string {
  return `deliver${quads}`;
}

export function deliverFunction(layout: DataLayout, type: "f32" | "f64", quads: number): ModuleFunction {
  const delivery = new Delivery(layout, type, quads);
  return { name: deliverName(quads), body: delivery.body(), parameters: PARAMETERS };
}

class Delivery {
  readonly #layout: DataLayout;
  readonly #type: "f32" | "f64";
  readonly #quads: number;
  readonly #code = new Code();

  constructor(layout: DataLayout, type: "f32" | "f64", quads: number) {
    this.#layout = layout;
    this.#type = type;
    this.#quads = quads;
  }

  get #lanes(): Lanes {
    return this.#type === "f32" ? "f32x4" : "f64x2";
  }

  /** Vectors of a row: one per quad, or two. */
  get #vectors(): number {
    return this.#type === "f32" ? this.#quads : 2 * this.#quads;
  }

  body(): Bytes {
    const code = this.#code;
    code.splat(this.#lanes, Number.NaN).set(NAN);
    this.#loadSpans();
    this.#areAllThere();
    code.op(control.if).op(control.empty);
    this.#copy(false);
    code.op(control.else);
    this.#copy(true);
    code.op(control.end).whole(0);
    const body = new Bytes();
    body.u32(2).u32(INTEGERS).byte(valueType.i32);
    body.u32(SPANS - NAN + 2 * this.#vectors).byte(valueType.v128);
    return body.bytes(code.bytes.view()).byte(control.end);
  }

  #first(index: number): number {
    return SPANS + 2 * index;
  }

  #last(index: number): number {
    return this.#first(index) + 1;
  }

  #loadSpans(): void {
    const code = this.#code;
    for (let index = 0; index < this.#vectors; index++) {
      const quad = this.#type === "f32" ? index : index >> 1;
      for (const [offset, target] of [
        [0, this.#first(index)],
        [LAST_ROWS, this.#last(index)],
      ] as const) {
        code.get(BASE).get(DATA_STRIDE).whole(quad).op(i32.mul).op(i32.add);
        if (this.#type === "f32") code.memory(vector.load, 2, offset);
        else code.memory(vector.load64Zero, 2, offset + (index % 2) * 8).simd(vector.promote);
        code.set(target);
      }
    }
  }

  /** 1 when every instrument has all rows of the chunk. */
  #areAllThere(): void {
    const code = this.#code;
    const splat = (add: number, parameter: number): void => {
      code.get(parameter).whole(add).op(i32.add);
      code.op(this.#type === "f32" ? i32.toFloat32 : i32.toFloat64).float(this.#lanes, "splat");
    };
    code.longs(-1n);
    for (let index = 0; index < this.#vectors; index++) {
      splat(0, FROM);
      code.get(this.#first(index)).float(this.#lanes, "ge").simd(vector.and);
      splat(-1, TO);
      code.get(this.#last(index)).float(this.#lanes, "le").simd(vector.and);
    }
    code.simd(allTrue);
  }

  #copy(masked: boolean): void {
    const code = this.#code;
    const { outputRow, outputStride, outputBytes, resultRow, resultStride } = this.#layout;
    code.op(control.loop).op(control.empty);
    code.get(OUT).set(SOURCE).get(RESULT).set(TARGET).get(FROM).set(ROW);
    code.op(control.loop).op(control.empty);
    if (masked) {
      code.get(ROW).op(this.#type === "f32" ? i32.toFloat32 : i32.toFloat64);
      code.float(this.#lanes, "splat").set(AT);
    }
    for (let index = 0; index < this.#vectors; index++) {
      const [quad, pair] = this.#type === "f32" ? [index, 0] : [index >> 1, index % 2];
      code
        .get(TARGET)
        .get(SOURCE)
        .memory(vector.load, 2, quad * outputBytes + pair * 16);
      code.tee(VALUE).get(NAN).get(VALUE).get(VALUE).float(this.#lanes, "eq");
      if (masked) {
        code.get(AT).get(this.#first(index)).float(this.#lanes, "ge").simd(vector.and);
        code.get(AT).get(this.#last(index)).float(this.#lanes, "le").simd(vector.and);
      }
      code.select(this.#lanes).memory(vector.store, 2, index * 16);
    }
    code.get(SOURCE).whole(outputRow).op(i32.add).set(SOURCE);
    code.get(TARGET).whole(resultRow).op(i32.add).set(TARGET);
    code.get(ROW).whole(1).op(i32.add).tee(ROW).get(TO).op(i32.lessSigned).op(control.branchIf);
    code.bytes.u32(0);
    code.op(control.end);
    code.get(OUT).whole(outputStride).op(i32.add).set(OUT);
    code.get(RESULT).whole(resultStride).op(i32.add).set(RESULT);
    code.get(OUTPUTS).whole(1).op(i32.sub).tee(OUTPUTS).op(control.branchIf);
    code.bytes.u32(0);
    code.op(control.end);
  }
}
