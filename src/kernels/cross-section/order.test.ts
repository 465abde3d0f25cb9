import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ascendingOrder, digitOrder, insertionOrder } from "./order.ts";

/** The definition: by value, then by place. */
function slowOrder(x: Float64Array): number[] {
  return Array.from(x, (_, at) => at)
    .filter((at) => !Number.isNaN(x[at]!))
    .sort((a, b) => (x[a]! < x[b]! ? -1 : x[a]! > x[b]! ? 1 : a - b));
}

const present = (x: Float64Array): Int32Array =>
  Int32Array.from(Array.from(x, (_, at) => at).filter((at) => !Number.isNaN(x[at]!)));

const special = [Number.NaN, -0, 0, 1 / 0, -1 / 0, 5e-324, -5e-324, 1.7e308, -1.7e308, 1, -1, 1 + 2 ** -52];
const values = fc.oneof(fc.double(), fc.constantFrom(...special), fc.integer({ min: -3, max: 3 }));
const sections = fc.array(values, { maxLength: 80 }).map((each) => Float64Array.from(each));

/** Long sections of four kinds: any floats, float32, ties, and neighbours that only the lower halves tell apart. */
function long(length: number, kind: number): Float64Array {
  let state = length + kind;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const share = state / 2 ** 32 - 0.5;
    return [share * 1e9, Math.fround(share), Math.round(share * 9), 1e9 + 1 + share * 1e-3][kind]!;
  });
}

describe.each([
  ["insertion", (x: Float64Array, order: Int32Array) => insertionOrder(x, order, Infinity)],
  ["digits", digitOrder],
] as const)("sorting by %s", (_, sort) => {
  test("orders values as comparing them does, equal ones by place", () => {
    fc.assert(
      fc.property(sections, (x) => {
        const order = present(x);
        sort(x, order);
        expect([...order]).toEqual(slowOrder(x));
      }),
      { numRuns: 300 },
    );
  });

  test.each([0, 1, 2, 3])("orders long sections of kind %i", (kind) => {
    for (const length of [1023, 1024, 3000]) {
      const x = long(length, kind);
      const order = present(x);
      sort(x, order);
      expect([...order]).toEqual(slowOrder(x));
    }
  });
});

test("insertion gives up when it takes too many moves, and says so", () => {
  const x = Float64Array.of(4, 3, 2, 1);
  expect(insertionOrder(x, present(x), 5)).toBe(false);
  expect(insertionOrder(x, present(x), 6)).toBe(true);
});

test("neighbours that share their upper halves are many enough to need the lower ones", () => {
  const x = long(1024, 3);
  const upper = new Uint32Array(x.buffer).filter((_, at) => at % 2 === 1);
  expect(new Set(upper).size).toBe(1);
});

test("sections of every length around the border between the two are sorted", () => {
  for (const length of [0, 1, 191, 192, 193, 500]) {
    const x = long(length, 1);
    x[length >> 1] = Number.NaN;
    expect([...ascendingOrder(x)]).toEqual(slowOrder(x));
  }
});
