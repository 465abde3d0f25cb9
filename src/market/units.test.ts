import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MarketError } from "./errors.ts";
import {
  convertColumn,
  fromCanonical,
  shiftDecimal,
  shiftDecimalByText,
  toCanonical,
  unitNamed,
  units,
} from "./units.ts";

test.each([
  ["li", 12_340, 12.34],
  ["厘", 1, 0.001],
  ["hand", 15_033.5, 1_503_350],
  ["手", 3, 300],
  ["千元", 1234.567, 1_234_567],
  ["千元", 8.1234567, 8123.4567],
  ["万元", 0.07, 700],
  ["price×10000", 1_363_001, 136.3001],
  ["percent", 9.5, 0.095],
  ["亿元", 2.3, 230_000_000],
])("one conversion from %s: %d becomes %d", (unit, value, canonical) => {
  expect(toCanonical(value, unitNamed(unit))).toBe(canonical);
});

test("missing values stay missing and infinities stay infinite", () => {
  expect(toCanonical(Number.NaN, unitNamed("li"))).toBeNaN();
  expect(toCanonical(Number.POSITIVE_INFINITY, unitNamed("hand"))).toBe(Number.POSITIVE_INFINITY);
  expect(shiftDecimalByText(Number.NaN, 3)).toBeNaN();
});

test("the fast shift equals the shift by text", () => {
  const decimal = fc
    .tuple(fc.maxSafeInteger(), fc.integer({ min: -6, max: 2 }))
    .map(([digits, power]) => Number(`${digits}e${power}`));
  fc.assert(
    fc.property(fc.oneof(decimal, fc.double()), fc.integer({ min: -8, max: 8 }), (value, exponent) => {
      expect(shiftDecimal(value, exponent)).toBe(shiftDecimalByText(value, exponent));
    }),
    { numRuns: 5000 },
  );
});

test("a price of at most four decimals survives there and back in every unit", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100_000_000 }), fc.constantFrom(...units), (li, unit) => {
      const value = li / 10_000;
      expect(toCanonical(fromCanonical(value, unit), unit)).toBe(value);
    }),
  );
});

test("a column is converted in place", () => {
  const column = Float64Array.from([12_340, Number.NaN, 5]);
  expect(convertColumn(column, unitNamed("li"))).toBe(column);
  expect([...column]).toEqual([12.34, Number.NaN, 0.005]);
});

test("an unknown unit is a coded error that lists the known ones, and no name means two units", () => {
  expect(() => unitNamed("furlong")).toThrow(MarketError);
  const names = units.flatMap((unit) => [unit.name, ...unit.aliases]);
  expect(new Set(names).size).toBe(names.length);
});
