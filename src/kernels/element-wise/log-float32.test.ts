import * as fc from "fast-check";
import { expect, test } from "vitest";
import { logFloat32 } from "./log-float32.ts";

const ulpOf = (x: number): number => 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(x)))) - 23);

test("is within 4 ulp of the exact logarithm for every positive float32, denormals included", () => {
  fc.assert(
    fc.property(fc.float({ min: Math.fround(1e-45), noNaN: true, noDefaultInfinity: true }), (x) => {
      const exact = Math.log(x);
      expect(Math.abs(logFloat32(x) - exact)).toBeLessThanOrEqual(4 * ulpOf(exact) + 1e-45);
    }),
    { numRuns: 2_000 },
  );
});

test("gives a float32", () => {
  fc.assert(
    fc.property(fc.float({ min: 0, noNaN: true }), (x) => {
      expect(Math.fround(logFloat32(x))).toBe(logFloat32(x));
    }),
  );
});

test.each([
  [0, -Infinity],
  [1, 0],
  [Infinity, Infinity],
  [-1, NaN],
  [NaN, NaN],
  [Math.fround(Math.E), 1],
  [16_777_216, 16.635532379150391],
])("of %d is %d", (x, expected) => {
  expect(logFloat32(x)).toBe(expected);
});
