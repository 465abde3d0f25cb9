import { Bytes } from "./bytes.ts";
import { Code } from "./code.ts";
import { LAST_ROWS, type DataLayout } from "./family-function.ts";
import type { ModuleFunction } from "./module.ts";
import { control, i32, valueType, vector } from "./opcodes.ts";

/**
 * Moves the outputs of a chunk from where the families of some neighbouring quads wrote them to the block's results, row
 * by row, so that whole cache lines are written. Every NaN becomes the same one, and rows outside an instrument's own
 * span become NaN. Parameters: `base` of the first quad's data and `dataStride` to the next one's, `out` and `outStride`
 * likewise of the outputs, `result` at row `from`, `from`, `to`, number of outputs.
 */
const BASE = 0;
const DATA_STRIDE = 1;
const OUT = 2;
const OUT_STRIDE = 3;
const RESULT = 4;
const FROM = 5;
const TO = 6;
const OUTPUTS = 7;
const PARAMETERS = 8;
const TARGET = 8;
const ROW = 9;
const FIRST_SOURCE = 10;

export function deliverName(quads: number): string {
  return `deliver${quads}`;
}

export function deliverFunction(layout: DataLayout, type: "f32" | "f64", quads: number): ModuleFunction {
  const lanes = type === "f32" ? "f32x4" : "f64x2";
  const pairs = type === "f32" ? 1 : 2;
  const code = new Code();
  const sources = Array.from({ length: quads }, (_, quad) => FIRST_SOURCE + quad);
  const vectors = FIRST_SOURCE + quads;
  const [at, value] = [vectors, vectors + 1];
  const first = (index: number): number => vectors + 2 + 2 * index;
  const last = (index: number): number => first(index) + 1;
  for (let quad = 0; quad < quads; quad++) {
    for (let pair = 0; pair < pairs; pair++) {
      for (const [offset, target] of [
        [0, first(quad * pairs + pair)],
        [LAST_ROWS, last(quad * pairs + pair)],
      ] as const) {
        code.get(BASE).get(DATA_STRIDE).whole(quad).op(i32.mul).op(i32.add);
        if (type === "f64") code.memory(vector.load64Zero, 2, offset + pair * 8).simd(vector.promote);
        else code.memory(vector.load, 2, offset);
        code.set(target);
      }
    }
  }
  code.op(control.loop).op(control.empty);
  for (const [quad, source] of sources.entries())
    code.get(OUT).get(OUT_STRIDE).whole(quad).op(i32.mul).op(i32.add).set(source);
  code.get(RESULT).set(TARGET).get(FROM).set(ROW);
  code.op(control.loop).op(control.empty);
  code
    .get(ROW)
    .op(type === "f32" ? i32.toFloat32 : i32.toFloat64)
    .float(lanes, "splat")
    .set(at);
  for (const [quad, source] of sources.entries()) {
    for (let pair = 0; pair < pairs; pair++) {
      const index = quad * pairs + pair;
      code
        .get(TARGET)
        .get(source)
        .memory(vector.load, 2, pair * 16)
        .tee(value);
      code.splat(lanes, Number.NaN).get(value).get(value).float(lanes, "eq");
      code.get(at).get(first(index)).float(lanes, "ge").simd(vector.and);
      code.get(at).get(last(index)).float(lanes, "le").simd(vector.and);
      code.simd(vector.select).memory(vector.store, 2, index * 16);
    }
    code.get(source).whole(layout.outputRow).op(i32.add).set(source);
  }
  code.get(TARGET).whole(layout.resultRow).op(i32.add).set(TARGET);
  code.get(ROW).whole(1).op(i32.add).tee(ROW).get(TO).op(i32.lessSigned).op(control.branchIf);
  code.bytes.u32(0);
  code.op(control.end);
  code.get(OUT).whole(layout.outputStride).op(i32.add).set(OUT);
  code.get(RESULT).whole(layout.resultStride).op(i32.add).set(RESULT);
  code.get(OUTPUTS).whole(1).op(i32.sub).tee(OUTPUTS).op(control.branchIf);
  code.bytes.u32(0);
  code.op(control.end).whole(0);
  const body = new Bytes();
  body
    .u32(2)
    .u32(2 + quads)
    .byte(valueType.i32);
  body.u32(2 + 2 * quads * pairs).byte(valueType.v128);
  body.bytes(code.bytes.view()).byte(control.end);
  return { name: deliverName(quads), body, parameters: PARAMETERS };
}
