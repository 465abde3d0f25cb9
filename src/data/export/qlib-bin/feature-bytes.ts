/** The bytes of a `.bin` file: little-endian float32, the start row first. */
import type { Values } from "../series-table.ts";

/** One bit pattern for every NaN: those of 0/0 differ between processors. */
const QUIET_NAN = 0x7fc0_0000;

/** Writes into `words` from its beginning; returns the bytes used. `words` must hold 4 × (values + 1) bytes. */
export function encodeFeatureInto(words: DataView, start: number, values: Values): number {
  words.setFloat32(0, start, true);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) words.setUint32(4 + i * 4, QUIET_NAN, true);
    else words.setFloat32(4 + i * 4, value, true);
  }
  return 4 + values.length * 4;
}

/** As {@link encodeFeatureInto}, in a new array. */
export function encodeFeature(start: number, values: Values): Uint8Array {
  const words = new DataView(new ArrayBuffer(4 + values.length * 4));
  encodeFeatureInto(words, start, values);
  return new Uint8Array(words.buffer);
}
