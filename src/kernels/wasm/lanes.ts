/** The two vector shapes of 128-bit WebAssembly SIMD that factors are computed in. */
export type Lanes = "f32x4" | "f64x2";

export const laneCount: Readonly<Record<Lanes, number>> = { f32x4: 4, f64x2: 2 };

/** Vector of four or two equal numbers, as the sixteen bytes of a v128 constant. */
export function splat(lanes: Lanes, value: number): Uint8Array {
  const vector = lanes === "f32x4" ? new Float32Array(4).fill(value) : new Float64Array(2).fill(value);
  return new Uint8Array(vector.buffer);
}

/** The number as the lane holds it. */
export function inLane(lanes: Lanes, value: number): number {
  return lanes === "f32x4" ? Math.fround(value) : value;
}
