import * as fc from "fast-check";
import { expect, test } from "vitest";
import { calendarNamed } from "../calendar/exchange-calendars.ts";
import { dayOf } from "../day.ts";
import { instrumentOf } from "../instrument.ts";
import { dailyLimits } from "./daily-limits.ts";
import { boards, isBoard, kindOf } from "./boards.ts";
import { limitPricesUnder, rulesOn } from "./rules-on.ts";

const xshg = calendarNamed("XSHG");
const firstSt = dayOf("1998-04-22");

/** Sessions around the dates on which rules change, where both ways could part. */
const changes = [
  "1996-12-16",
  "1998-04-22",
  "2014-01-01",
  "2020-08-24",
  "2021-11-15",
  "2023-04-10",
  "2026-07-06",
];
const starts = fc.oneof(
  fc.constantFrom(...changes.map(dayOf)).chain((day) => fc.integer({ min: -12, max: 3 }).map((n) => day + n)),
  fc.integer({ min: dayOf("1991-01-02"), max: dayOf("2026-10-01") }),
);

test("limits over many rows equal the rules of each row", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("600519.SH", "300750.SZ", "688981.SH", "830799.BJ", "900901.SH", "510300.SH"),
      starts,
      fc.record({ listed: fc.boolean(), relisted: fc.boolean(), delisting: fc.boolean() }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 500_000 }), fc.boolean()), { minLength: 1, maxLength: 20 }),
      (code, start, given, bars) => {
        const id = instrumentOf(code);
        const first = xshg.atOrAfter(start);
        const days = Int32Array.from(bars, (_, n) => xshg.offset(first, n));
        const reference = Float64Array.from(bars, ([fen]) => fen / 100);
        const st = Uint8Array.from(bars, ([, warned], n) => (warned && days[n]! >= firstSt ? 1 : 0));
        const middle = days[days.length >> 1]!;
        const status = {
          ...(given.listed ? { listedOn: first } : {}),
          ...(given.relisted ? { relistedOn: middle } : {}),
          ...(given.delisting ? { delistingFrom: middle } : {}),
        };
        const kind = kindOf(id);
        const singly = Array.from(days, (day, row) => {
          if (!isBoard(kind) || day < boards[kind].opened) return null;
          const rules = rulesOn(id, day, { status: { ...status, st: st[row] === 1 } });
          return limitPricesUnder(rules, reference[row]!);
        });
        const { up, down } = dailyLimits(id, { days, reference, st }, status);
        expect([...up]).toEqual(singly.map((prices) => prices?.up ?? Number.NaN));
        expect([...down]).toEqual(singly.map((prices) => prices?.down ?? Number.NaN));
      },
    ),
    { numRuns: 500 },
  );
});

test("a missing reference price has no limits", () => {
  const rows = { days: Int32Array.of(dayOf("2024-01-02")), reference: Float64Array.of(Number.NaN) };
  expect(dailyLimits(instrumentOf("600519"), rows)).toEqual({
    up: Float64Array.of(Number.NaN),
    down: Float64Array.of(Number.NaN),
  });
});
