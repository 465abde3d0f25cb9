import { expect, test } from "vitest";
import { barFields, isBarField, vwapOf } from "./bar.ts";

test("the volume-weighted price is money over shares, missing where nothing traded", () => {
  const vwap = vwapOf(Float64Array.of(1000, 0, Number.NaN), Float64Array.of(100, 0, 10));
  expect([...vwap]).toEqual([10, Number.NaN, Number.NaN]);
});

test("canonical fields are known by name, inherited names are not", () => {
  expect(isBarField("close")).toBe(true);
  expect(isBarField("toString")).toBe(false);
  expect(Object.keys(barFields)).toContain("factor");
});
