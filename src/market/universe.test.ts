import * as fc from "fast-check";
import { expect, test } from "vitest";
import { AsOfTable, type DatedFact } from "./as-of.ts";
import { dayOf } from "./day.ts";
import { MarketError } from "./errors.ts";
import { universeOf } from "./universe.ts";

const on = (day: string): number => dayOf(day);

const index = universeOf("index", [
  { instrument: "600519.SH", from: on("2010-01-04"), to: on("2012-06-29") },
  { instrument: "600519.SH", from: on("2014-01-02"), to: null },
  { instrument: "000001.SZ", from: on("2010-01-04"), to: null },
  { instrument: "000002.SZ", from: on("2010-01-04"), to: on("2011-12-30") },
]);

test.each([
  ["2010-01-03", []],
  ["2010-01-04", ["600519.SH", "000001.SZ", "000002.SZ"]],
  ["2011-12-30", ["600519.SH", "000001.SZ", "000002.SZ"]],
  ["2011-12-31", ["600519.SH", "000001.SZ"]],
  ["2013-01-04", ["000001.SZ"]],
  ["2024-01-02", ["600519.SH", "000001.SZ"]],
])("on %s the members are %j", (day, members) => {
  expect(index.membersOn(on(day))).toEqual(members);
});

test("spans are told back, an open end as null", () => {
  expect(index.spansOf("600519.SH")).toEqual([
    { from: on("2010-01-04"), to: on("2012-06-29") },
    { from: on("2014-01-02"), to: null },
  ]);
  expect(index.spansOf("AAPL.US")).toEqual([]);
});

const facts = fc.array(
  fc.record({
    instrument: fc.constantFrom("A", "B"),
    from: fc.integer({ min: 0, max: 60 }),
    length: fc.option(fc.integer({ min: 0, max: 20 })),
    value: fc.constantFrom("x", "y"),
  }),
  { maxLength: 12 },
);

test("a lookup finds what a scan over the spans finds, and spans that contradict are refused", () => {
  fc.assert(
    fc.property(facts, (records) => {
      const spans: DatedFact<string>[] = records.map(({ length, ...rest }) => ({
        ...rest,
        to: length === null ? null : rest.from + length,
      }));
      const scan = (instrument: string, day: number): Set<string> =>
        new Set(
          spans
            .filter((s) => s.instrument === instrument && s.from <= day && (s.to === null || day <= s.to))
            .map((s) => s.value),
        );
      const days = Array.from({ length: 90 }, (_, day) => day);
      const cells = ["A", "B"].flatMap((instrument) => days.map((day) => [instrument, day] as const));
      const contradicts = cells.some(([instrument, day]) => scan(instrument, day).size > 1);
      const answer = (): unknown[] => {
        const table = AsOfTable.of(spans);
        return cells.map(([instrument, day]) => table.on(instrument, day));
      };
      const wanted = contradicts ? "refused" : cells.map((cell) => [...scan(...cell)][0]);
      expect(refusedOr(answer)).toEqual(wanted);
    }),
    { numRuns: 300 },
  );
});

function refusedOr<T>(action: () => T): T | "refused" {
  try {
    return action();
  } catch (error) {
    if (error instanceof MarketError && error.code === "MARKET_SPANS_INVALID") return "refused";
    throw error;
  }
}

test("a span that ends before it begins is refused with its dates", () => {
  const spans = [{ instrument: "A", from: on("2020-01-02"), to: on("2020-01-01") }];
  expect(() => universeOf("u", spans)).toThrow("A: 2020-01-02…2020-01-01 ends before it begins");
});
