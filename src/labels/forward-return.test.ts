import { array, assert, double, integer, property } from "fast-check";
import { expect, test } from "vitest";
import { panelOf } from "#panel/panel";
import { forwardReturn, forwardReturns } from "./forward-return.ts";

const NaNs = Number.NaN;

/** Lanes given as price series over the same days; leading and trailing NaN lie outside the span. */
function marketOf(series: readonly (readonly number[])[], spans?: readonly (readonly [number, number])[]) {
  const rows = series[0]!.length;
  const lanes = series.length;
  const values = new Float64Array(rows * lanes);
  series.forEach((prices, lane) => prices.forEach((price, row) => (values[row * lanes + lane] = price)));
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: rows }, (_, row) => 17_000 + row) },
    instruments: series.map((_, lane) => `E${lane}`),
    first: Int32Array.from({ length: lanes }, (_, lane) => spans?.[lane]?.[0] ?? 0),
    last: Int32Array.from({ length: lanes }, (_, lane) => spans?.[lane]?.[1] ?? rows - 1),
    columns: [{ name: "close", values }],
  });
}

const column = (returns: ReturnType<typeof forwardReturn>, index = 0) => [
  ...returns.panel.columns.get(returns.meanings[index]!.name)!.values,
];

test("the default label buys the next close and sells the one after", () => {
  const label = forwardReturn(marketOf([[10, 11, 12, 9]]));
  expect(column(label)).toEqual([12 / 11 - 1, 9 / 12 - 1, NaNs, NaNs]);
  expect(label.panel.role).toBe("label");
  expect(label.meanings[0]).toMatchObject({
    expression: "Ref($close, -2)/Ref($close, -1) - 1",
    lookAhead: 2,
    name: "forward_return_1",
  });
});

test("lag, horizon and kind are free", () => {
  const market = marketOf([[10, 11, 12, 9]]);
  const now = forwardReturn(market, { entryLag: 0, horizon: 2, kind: "log" });
  expect(column(now)).toEqual([Math.log(12 / 10), Math.log(9 / 11), NaNs, NaNs]);
  expect(now.meanings[0]!.expression).toBe("Log(Ref($close, -2)/$close)");
  expect(now.meanings[0]!.name).toBe("forward_return_2_lag0");
  expect(forwardReturns(market, [1, 2]).meanings.map((meaning) => meaning.lookAhead)).toEqual([2, 3]);
});

test("a return never reaches beyond the instrument's own span", () => {
  const label = forwardReturn(
    marketOf(
      [
        [10, 11, 12, 13, 14],
        [10, 11, 12, 13, 14],
      ],
      [
        [1, 3],
        [3, 2],
      ],
    ),
  );
  const values = label.panel.columns.get("forward_return_1")!.values;
  expect([0, 1, 2, 3, 4].map((row) => values[row * 2]!)).toEqual([NaNs, 13 / 12 - 1, NaNs, NaNs, NaNs]);
  expect([0, 1, 2, 3, 4].map((row) => values[row * 2 + 1]!)).toEqual([NaNs, NaNs, NaNs, NaNs, NaNs]);
});

test("a hole has no return unless the last price is carried over it", () => {
  const market = marketOf([[10, 11, NaNs, 9, 8]]);
  expect(column(forwardReturn(market))).toEqual([NaNs, NaNs, 8 / 9 - 1, NaNs, NaNs]);
  expect(column(forwardReturn(market, { holes: "carry" }))).toEqual([0, 9 / 11 - 1, 8 / 9 - 1, NaNs, NaNs]);
});

test("an entry price that is not positive has no return", () => {
  expect(column(forwardReturn(marketOf([[1, 0, 5, -1, 2, 3]])))).toEqual([
    NaNs,
    -1 / 5 - 1,
    NaNs,
    0.5,
    NaNs,
    NaNs,
  ]);
});

test("float32 rounds after each operation", () => {
  const market = marketOf([[10, 11.1, 12.3]]);
  const ratio = Math.fround(Math.fround(12.3) / Math.fround(11.1));
  expect(column(forwardReturn(market, { precision: "f32" }))[0]).toBe(Math.fround(ratio - 1));
});

test("a lag or horizon out of range is refused", () => {
  const market = marketOf([[1, 2]]);
  expect(() => forwardReturn(market, { horizon: 0 })).toThrow(/horizon is 0/);
  expect(() => forwardReturn(market, { entryLag: -1 })).toThrow(/entryLag is -1/);
  expect(() => forwardReturn(market, { price: "vwap" })).toThrow(/no column vwap/);
});

test("a constant factor on all prices changes no return, and simple and log agree", () => {
  assert(
    property(
      array(double({ min: 0.5, max: 100, noNaN: true }), { minLength: 4, maxLength: 20 }),
      integer({ min: 0, max: 2 }),
      integer({ min: 1, max: 3 }),
      (prices, entryLag, horizon) => {
        const simple = column(forwardReturn(marketOf([prices]), { entryLag, horizon }));
        const doubled = column(forwardReturn(marketOf([prices.map((p) => p * 2)]), { entryLag, horizon }));
        const log = column(forwardReturn(marketOf([prices]), { entryLag, horizon, kind: "log" }));
        expect(doubled).toEqual(simple);
        const apart = log.filter((value, row) => !(Math.abs(value - Math.log1p(simple[row]!)) <= 1e-12));
        expect(apart.every((value) => Number.isNaN(value))).toBe(true);
        expect(log.map(Number.isNaN)).toEqual(simple.map(Number.isNaN));
      },
    ),
  );
});
