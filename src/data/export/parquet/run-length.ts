import { ByteSink } from "./compact-thrift.ts";

/**
 * Parquet's hybrid of run lengths and packed bits, for definition levels and dictionary indices: all runs, or all packed,
 * whichever is shorter. After the Apache Parquet format, "RLE".
 */
export function runLengths(values: Uint8Array | Int32Array, bitWidth: number): Uint8Array {
  const valueBytes = Math.ceil(bitWidth / 8);
  let runs = 0;
  for (let at = 0; at < values.length; at++) if (at === 0 || values[at] !== values[at - 1]) runs++;
  return runs * (valueBytes + 2) <= (values.length * bitWidth) / 8 + 8
    ? inRuns(values, valueBytes)
    : packed(values, bitWidth);
}

function inRuns(values: Uint8Array | Int32Array, valueBytes: number): Uint8Array {
  const sink = new ByteSink();
  for (let from = 0; from < values.length;) {
    const value = values[from]!;
    let to = from + 1;
    while (to < values.length && values[to] === value) to++;
    sink.varint((to - from) * 2);
    for (let byte = 0; byte < valueBytes; byte++) sink.byte((value >>> (8 * byte)) & 0xff);
    from = to;
  }
  return sink.taken();
}

/** Groups of eight values, the lowest bit first; the last group is filled up with zeros. */
function packed(values: Uint8Array | Int32Array, bitWidth: number): Uint8Array {
  const groups = Math.ceil(values.length / 8);
  const sink = new ByteSink();
  sink.varint(groups * 2 + 1);
  const bits = new Uint8Array(groups * bitWidth);
  for (let at = 0; at < values.length; at++) {
    for (let bit = 0; bit < bitWidth; bit++) {
      if (((values[at]! >>> bit) & 1) === 0) continue;
      const place = at * bitWidth + bit;
      bits[place >>> 3] = bits[place >>> 3]! | (1 << (place & 7));
    }
  }
  sink.bytes(bits);
  return sink.taken();
}
