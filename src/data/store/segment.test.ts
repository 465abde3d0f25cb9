import { expect, test } from "vitest";
import { decodeHeader, encodeSegment } from "./segment.ts";
import { sampleValues } from "./testing/sample-store.ts";

const content = {
  set: "bars",
  block: 3,
  from: -5,
  rows: 300,
  lanes: 32,
  generation: 9,
  fields: [
    { name: "close", dtype: "f64", unit: "CNY" },
    { name: "ma", dtype: "f32", unit: "ratio" },
    { name: "带名", dtype: "f64", unit: "元" },
  ],
} as const;
const columns = [
  sampleValues("f64", 300, (row, lane) => row + lane / 100),
  sampleValues("f32", 300, (row, lane) => row - lane),
  sampleValues("f64", 300, () => Number.NaN),
];

test("a header read back says what was written, and where each field lies", () => {
  const { header, parts } = encodeSegment(content, columns);
  const file = Buffer.concat(parts);
  const read = decodeHeader(file);
  expect(read).toEqual(header);
  expect(read).toMatchObject(content);
  expect(file.length).toBe(header.fileBytes);
  for (const [index, offset] of header.offsets.entries()) {
    expect(offset % 64).toBe(0);
    const length = content.rows * content.lanes;
    const stored = new Uint8Array(file.subarray(offset));
    const values =
      content.fields[index]!.dtype === "f32"
        ? new Float32Array(stored.buffer, 0, length)
        : new Float64Array(stored.buffer, 0, length);
    expect(values).toEqual(columns[index]);
  }
});

test("what is no header is told apart from a damaged and from a newer one", () => {
  const { parts, header } = encodeSegment(content, columns);
  const file = new Uint8Array(parts[0]!);
  expect(decodeHeader(file.slice(0, 63))).toBe("truncated");
  expect(decodeHeader(file.slice(0, header.headerBytes - 1))).toBe("damaged");
  expect(decodeHeader(new Uint8Array(200))).toBe("not a segment");
  const damaged = file.slice();
  damaged[70]! ^= 1;
  expect(decodeHeader(damaged)).toBe("damaged");
});

test("a rectangle that does not fit is refused", () => {
  expect(() => encodeSegment({ ...content, lanes: 20 }, columns)).toThrow(RangeError);
  expect(() => encodeSegment({ ...content, rows: 0 }, columns)).toThrow(RangeError);
  expect(() => encodeSegment({ ...content, rows: 299 }, columns)).toThrow("close");
  expect(() => encodeSegment(content, [columns[1]!, columns[0]!, columns[2]!])).toThrow("close");
});
