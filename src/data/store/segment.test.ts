import { expect, test } from "vitest";
import type { SegmentContent, SegmentHeader } from "./segment.ts";
import { decodeHeader, SegmentEncoder } from "./segment.ts";
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

function encoded(content: SegmentContent): { file: Uint8Array; header: SegmentHeader } {
  const encoder = new SegmentEncoder(content, columns);
  const parts = [...encoder.parts()].sort((a, b) => a.at - b.at);
  return { file: new Uint8Array(Buffer.concat(parts.map((part) => part.bytes))), header: encoder.header };
}

test("a header read back says what was written, and where each field lies", () => {
  const { file, header } = encoded(content);
  const read = decodeHeader(file);
  expect(read).toEqual(header);
  expect(read).toMatchObject(content);
  expect(file.length).toBe(header.fileBytes);
  for (const [index, offset] of header.offsets.entries()) {
    expect(offset % 64).toBe(0);
    const length = content.rows * content.lanes;
    const stored = file.slice(offset);
    const values =
      content.fields[index]!.dtype === "f32"
        ? new Float32Array(stored.buffer, 0, length)
        : new Float64Array(stored.buffer, 0, length);
    expect(values).toEqual(columns[index]);
  }
});

test("small and large files, which are written in one and in several parts, have one layout", () => {
  const large = { ...content, rows: 9000 };
  const values = columns.map((_, index) =>
    sampleValues(content.fields[index]!.dtype, 9000, (row, lane) => row * lane),
  );
  const encoder = new SegmentEncoder(large, values);
  expect(() => encoder.header).toThrow("not written yet");
  const parts = [...encoder.parts()];
  expect(parts.map((part) => part.at)).toEqual([...encoder.header.offsets, 0]);
  expect(decodeHeader(parts.at(-1)!.bytes)).toEqual(encoder.header);
  const small = { ...content, rows: 2 };
  const few = columns.map((values) => values.slice(0, 64));
  expect([...new SegmentEncoder(small, few).parts()].map((part) => part.at)).toEqual([0]);
});

test("what is no header is told apart from a damaged and from a newer one", () => {
  const { file, header } = encoded(content);
  expect(decodeHeader(file.slice(0, 63))).toBe("truncated");
  expect(decodeHeader(file.slice(0, header.headerBytes - 1))).toBe("damaged");
  expect(decodeHeader(new Uint8Array(200))).toBe("not a segment");
  const damaged = file.slice();
  damaged[70]! ^= 1;
  expect(decodeHeader(damaged)).toBe("damaged");
});

test("a rectangle that does not fit is refused", () => {
  expect(() => new SegmentEncoder({ ...content, lanes: 20 }, columns)).toThrow(RangeError);
  expect(() => new SegmentEncoder({ ...content, rows: 0 }, columns)).toThrow(RangeError);
  expect(() => new SegmentEncoder({ ...content, rows: 299 }, columns)).toThrow("close");
  expect(() => new SegmentEncoder(content, [columns[1]!, columns[0]!, columns[2]!])).toThrow("close");
});
