import { Bytes } from "./bytes.ts";
import { splat, type Lanes } from "./lanes.ts";
import { float, i32, laneSelect, local, vector, type FloatOperation } from "./opcodes.ts";

/** Instructions of one function body, appended in order. */
export class Code {
  readonly bytes = new Bytes();

  get(index: number): this {
    this.bytes.byte(local.get).u32(index);
    return this;
  }

  set(index: number): this {
    this.bytes.byte(local.set).u32(index);
    return this;
  }

  tee(index: number): this {
    this.bytes.byte(local.tee).u32(index);
    return this;
  }

  whole(value: number): this {
    this.bytes.byte(i32.constant).s32(value);
    return this;
  }

  op(code: number): this {
    this.bytes.byte(code);
    return this;
  }

  simd(code: number): this {
    this.bytes.byte(0xfd).u32(code);
    return this;
  }

  float(lanes: Lanes, operation: FloatOperation): this {
    return this.simd(float[lanes][operation]);
  }

  /** Of `yes`, `no` and a condition on the stack: each lane by its condition, all of whose bits are equal. */
  select(lanes: Lanes): this {
    return this.simd(laneSelect[lanes]);
  }

  splat(lanes: Lanes, value: number): this {
    return this.constant(splat(lanes, value));
  }

  /** A v128 constant of two equal 64-bit integers. */
  longs(value: bigint): this {
    return this.constant(new Uint8Array(new BigInt64Array([value, value]).buffer));
  }

  /** A v128 constant, byte by byte. */
  constant(bytes: Uint8Array): this {
    this.simd(vector.constant).bytes.bytes(bytes);
    return this;
  }

  /** A load or store: `align` is a power of two. */
  memory(code: number, align: number, offset: number): this {
    this.simd(code).bytes.u32(align).u32(offset);
    return this;
  }
}
