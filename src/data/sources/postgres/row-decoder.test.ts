import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isoOf, dayOf } from "#market/day";
import { daysOf, numbersOf, textsOf } from "../../duckdb/columns.ts";
import { CodeDictionary } from "./code-dictionary.ts";
import { numericValue, numericValueByText } from "./numeric-value.ts";
import { RowDecoder, type WireColumn } from "./row-decoder.ts";

const header = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)]);
const end = Buffer.from([0xff, 0xff]);

/** A row as the server writes it; null is NULL. */
function rowOf(fields: readonly (Buffer | null)[]): Buffer {
  const parts: Buffer[] = [Buffer.alloc(2)];
  parts[0]!.writeInt16BE(fields.length);
  for (const field of fields) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(field === null ? -1 : field.length);
    parts.push(length, ...(field === null ? [] : [field]));
  }
  return Buffer.concat(parts);
}

function float8(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

function int(value: number, size: 2 | 4): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeIntBE(value, 0, size);
  return bytes;
}

function int8(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

/** `numeric` from digits of base 10,000. */
function numeric(digits: readonly number[], weight: number, sign = 0): Buffer {
  const bytes = Buffer.alloc(8 + digits.length * 2);
  bytes.writeUInt16BE(digits.length, 0);
  bytes.writeInt16BE(weight, 2);
  bytes.writeUInt16BE(sign, 4);
  for (const [at, digit] of digits.entries()) bytes.writeUInt16BE(digit, 8 + at * 2);
  return bytes;
}

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

describe("numeric", () => {
  test("is read as the number it writes", () => {
    const read = (...given: Parameters<typeof numeric>): number => numericValue(viewOf(numeric(...given)), 0);
    expect(read([1234, 5678], 0)).toBe(1234.5678);
    expect(read([12], 1)).toBe(120_000);
    expect(read([1000], -1)).toBe(0.1);
    expect(read([7, 0, 1], 2, 0x4000)).toBe(-700_000_001);
    expect(read([], 0)).toBe(0);
    expect(read([], 0, 0xc000)).toBeNaN();
    expect(read([], 0, 0xd000)).toBe(Number.POSITIVE_INFINITY);
    expect(read([], 0, 0xf000)).toBe(Number.NEGATIVE_INFINITY);
  });

  test("is the same number by both ways, whatever its digits", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 9999 }), { minLength: 1, maxLength: 7 }),
        fc.integer({ min: -8, max: 8 }),
        fc.boolean(),
        (digits, weight, negative) => {
          const bytes = viewOf(numeric(digits, weight, negative ? 0x4000 : 0));
          expect(numericValue(bytes, 0)).toBe(numericValueByText(bytes, 0));
        },
      ),
    );
  });
});

describe("rows of a binary COPY", () => {
  const columns: readonly WireColumn[] = [
    { name: "day", kind: "date" },
    { name: "code", kind: "bpchar" },
    { name: "close", kind: "float8" },
    { name: "volume", kind: "int8" },
    { name: "li", kind: "int4" },
    { name: "small", kind: "int2" },
    { name: "flag", kind: "bool" },
    { name: "at", kind: "timestamp" },
  ];
  const rows = [
    [dayOf("2024-01-31"), "000001.SZ", 10.5, 2 ** 40 + 3, -7, -2, 1, 1_706_662_800_000_000],
    [dayOf("1999-12-31"), "600519.SH", -0, -5, 0, 300, 0, -1],
    [null, null, null, null, null, null, null, null],
  ] as const;
  const MICROS_TO_2000 = 946_684_800_000_000n;
  const bytes = Buffer.concat([
    header,
    ...rows.map(([day, code, close, volume, li, small, flag, at]) =>
      rowOf([
        day === null ? null : int(day - 10_957, 4),
        code === null ? null : Buffer.from(`${code}   `),
        close === null ? null : float8(close),
        volume === null ? null : int8(BigInt(volume)),
        li === null ? null : int(li, 4),
        small === null ? null : int(small, 2),
        flag === null ? null : Buffer.from([flag]),
        at === null ? null : int8(BigInt(at) - MICROS_TO_2000),
      ]),
    ),
    end,
  ]);

  function decoded(chunks: readonly Buffer[], batchRows: number): unknown[][] {
    const decoder = new RowDecoder(columns, batchRows);
    const batches = chunks.flatMap((chunk) => [...decoder.push(chunk)]);
    expect(decoder.ended).toBe(true);
    const last = decoder.last();
    return [...batches, ...(last === null ? [] : [last])].flatMap((batch) => {
      const { codes, dictionary } = textsOf(batch, "code");
      return Array.from({ length: batch.rows }, (_, row) => [
        daysOf(batch, "day")[row]! < -1e9 ? null : isoOf(daysOf(batch, "day")[row]!),
        codes[row]! < 0 ? null : dictionary[codes[row]!]!,
        ...["close", "volume", "li", "small", "flag", "at"].map((name) => numbersOf(batch, name)[row]!),
      ]);
    });
  }

  const wanted = [
    ["2024-01-31", "000001.SZ", 10.5, 2 ** 40 + 3, -7, -2, 1, 1_706_662_800_000_000],
    ["1999-12-31", "600519.SH", -0, -5, 0, 300, 0, -1],
    [null, null, Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN],
  ];

  test("are typed columns, NULL missing", () => {
    expect(decoded([bytes], 100)).toEqual(wanted);
  });

  test("are the same however the stream is cut and however large a batch is", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 4 }),
        (cuts, batchRows) => {
          const at = [0, ...new Set(cuts.toSorted((left, right) => left - right)), bytes.length];
          const chunks = at.slice(1).map((to, index) => bytes.subarray(at[index]!, to));
          expect(decoded(chunks, batchRows)).toEqual(wanted);
        },
      ),
    );
  });

  test("that stop before their end are not taken for all", () => {
    const decoder = new RowDecoder(columns, 10);
    expect([...decoder.push(bytes.subarray(0, bytes.length - 3))]).toEqual([]);
    expect(decoder.ended).toBe(false);
  });

  test("of another shape are a defect", () => {
    const other = Buffer.concat([header, rowOf([null]), end]);
    expect(() => [...new RowDecoder(columns, 10).push(other)]).toThrow("a row of 1 fields where 8");
    expect(() => [...new RowDecoder(columns, 10).push(Buffer.alloc(40))]).toThrow("no binary COPY");
  });
});

test("a dictionary numbers texts as a map does, also beyond its first size and with padding", () => {
  const dictionary = new CodeDictionary(true);
  const slow = new Map<string, number>();
  for (let at = 0; at < 60_000; at++) {
    const text = `${(at * 7919) % 20_011}.SZ`;
    const wanted = slow.get(text) ?? slow.size;
    slow.set(text, wanted);
    const bytes = Buffer.from(`xx${text}  yy`);
    expect(dictionary.codeOf(bytes, 2, text.length + 2)).toBe(wanted);
  }
  expect(dictionary.texts).toEqual([...slow.keys()]);
});
