import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { panelOf, type Panel } from "#panel/panel";
import { ExpressionError } from "../errors.ts";
import { buildGraph } from "../ir/build.ts";
import { evaluateExpressions, type EvaluationOptions } from "./evaluate.ts";
import type { PeriodRecord } from "./periods.ts";

const NAN = Number.NaN;

interface Lane {
  readonly first: number;
  readonly close: readonly number[];
  readonly group?: readonly number[];
}

/** Each instrument's values from its first row on; NaN outside. Groups are 1 unless given. */
function panelWith(lanes: Readonly<Record<string, Lane>>, rows: number): Panel<"market"> {
  const ids = Object.keys(lanes);
  const column = (name: string, of: (lane: Lane) => readonly number[]) => {
    const values = new Float32Array(rows * ids.length).fill(NAN);
    for (const [lane, id] of ids.entries()) {
      for (const [index, value] of of(lanes[id]!).entries())
        values[(lanes[id]!.first + index) * ids.length + lane] = value;
    }
    return { name, values };
  };
  return panelOf({
    role: "market",
    time: { freq: "day", days: Int32Array.from({ length: rows }, (_, row) => 100 + row) },
    instruments: ids,
    first: Int32Array.from(ids, (id) => lanes[id]!.first),
    last: Int32Array.from(ids, (id) => lanes[id]!.first + lanes[id]!.close.length - 1),
    columns: [
      column("close", ({ close }) => close),
      column("group", ({ close, group }) => group ?? close.map(() => 1)),
    ],
  });
}

/** By instrument, row after row. */
function valuesOf(
  expression: string,
  panel: Panel,
  options: EvaluationOptions = {},
): Record<string, number[]> {
  const [column] = evaluateExpressions([expression], panel, { precision: "f64", ...options });
  const lanes = panel.instruments.length;
  return Object.fromEntries(
    panel.instruments.map((id, lane) => [
      id,
      Array.from({ length: panel.time.days.length }, (_, row) => column!.values[row * lanes + lane]!),
    ]),
  );
}

function errorOf(expression: string, panel: Panel, options: EvaluationOptions = {}): ExpressionError {
  try {
    evaluateExpressions([expression], panel, options);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`${expression} is computed`);
}

/** B is listed on the second day, C is suspended on it, D is gone after it. */
const four = panelWith(
  {
    A: { first: 0, close: [1, 2, 3], group: [1, 1, 1] },
    B: { first: 1, close: [4, 8], group: [2, 1] },
    C: { first: 0, close: [3, NAN, 5], group: [1, 1, NAN] },
    D: { first: 0, close: [2, 6], group: [2, 2] },
  },
  3,
);

describe("an instrument takes part", () => {
  test("on the rows of its own span where its value is not missing", () => {
    expect(valuesOf("CSRank($close)", four)).toEqual({
      A: [1 / 3, 1 / 3, 1 / 3],
      B: [NAN, 2 / 3, 1],
      C: [1, NAN, 2 / 3],
      D: [2 / 3, 1, NAN],
    });
    expect(valuesOf("CSMean($close)", four)).toEqual({
      A: [2, 4, 16 / 3],
      B: [NAN, 4, 16 / 3],
      C: [2, 4, 16 / 3],
      D: [2, 4, NAN],
    });
  });

  test("through what its expression is on that row: a window over a suspension still has a value", () => {
    expect(valuesOf("CSCount(Mean($close,2))", four)["A"]).toEqual([3, 4, 3]);
    expect(valuesOf("CSSum($close>2)", four)["A"]).toEqual([1, 2, 3]);
  });

  test("not outside of its span, though another instrument's series reaches there", () => {
    expect(valuesOf("CSCount(ChangeInstrument('A',$close))", four)["A"]).toEqual([3, 4, 3]);
    expect(valuesOf("CSSum(CSCount($close))", four)["A"]).toEqual([9, 12, 9]);
  });

  test("with no value where nobody has one", () => {
    expect(valuesOf("CSMean($close)", panelWith({ A: { first: 0, close: [NAN] } }, 1))["A"]).toEqual([NAN]);
    expect(valuesOf("CSRank($close)", panelWith({}, 1))).toEqual({});
  });
});

test("groups are those of the row", () => {
  expect(valuesOf("GroupRank($close,$group)", four)).toEqual({
    A: [0.5, 1, 0.5],
    B: [NAN, 0.5, 1],
    C: [1, NAN, NAN],
    D: [1, 1, NAN],
  });
  expect(valuesOf("GroupMean($close,$group>1)", four)["A"]).toEqual([2, 2, 16 / 3]);
});

describe("windows and cross-sections nest", () => {
  test("a window of ranks runs over the instrument's own rows", () => {
    const ranks = valuesOf("CSRank($close)", four);
    const means = valuesOf("Mean(CSRank($close),2)", four);
    expect(means["B"]).toEqual([NAN, ranks["B"]![1], (ranks["B"]![1]! + ranks["B"]![2]!) / 2]);
    expect(means["C"]).toEqual([1, 1, 2 / 3]);
  });

  test("ranks of windows of ranks are what each layer gives by itself", () => {
    const inner = evaluateExpressions(["Mean(CSRank($close),2)"], four, { precision: "f64" })[0]!;
    const withInner = panelOf({
      ...four,
      columns: [{ name: "inner", values: Float32Array.from(inner.values) }],
    });
    expect(valuesOf("CSRank(Mean(CSRank($close),2))", four)).toEqual(valuesOf("CSRank($inner)", withInner));
  });

  test("what passes between phases is not rounded", () => {
    const panel = panelWith({ A: { first: 0, close: [1, 2 ** -24] }, B: { first: 0, close: [1, 0] } }, 2);
    // 0.5 + 2⁻²⁵ and 0.5 are one float32.
    expect(valuesOf("CSRank(Mean($close,2))", panel)).toEqual({ A: [0.75, 1], B: [0.75, 0.5] });
    const third = valuesOf("CSMean($close)/3", panelWith({ A: { first: 0, close: [1] } }, 1));
    expect(third["A"]).toEqual([1 / 3]);
  });

  test("a result is there for every later reader, in the same phase and after it", () => {
    const [ranks, mean] = [valuesOf("CSRank($close)", four), valuesOf("CSMean(CSRank($close))", four)];
    expect(valuesOf("CSDemean(CSRank($close))+CSMean(CSRank($close))+CSRank($close)", four)["A"]).toEqual(
      ranks["A"]!.map((rank, row) => rank - mean["A"]![row]! + mean["A"]![row]! + rank),
    );
  });

  test("several expressions share their phases and give what each gives alone", () => {
    const expressions = [
      "GroupZScore(CSWinsorize($close,0.1),$group)",
      "Mean(CSRank($close),2)-$close",
      "CSResi(Mean(CSDemean($close),2),$close)",
      "$close+1",
    ];
    const together = evaluateExpressions(buildGraph(expressions), four, { precision: "f64" });
    for (const [index, expression] of expressions.entries()) {
      expect(together[index]).toEqual(evaluateExpressions([expression], four, { precision: "f64" })[0]);
    }
  });
});

function periodic(instrument: string): readonly PeriodRecord[] {
  return [{ period: 202301, announced: 101, value: instrument === "A" ? 5 : 1 }];
}

describe("with other instruments and periods", () => {
  test("ChangeInstrument and Mask take another instrument's value of the cross-section", () => {
    const ranks = valuesOf("CSRank($close)", four);
    expect(valuesOf("ChangeInstrument('A',CSRank($close))", four)["C"]).toEqual(ranks["A"]);
    expect(valuesOf("Mask(Mean(CSRank($close),2),'A')", four)["C"]).toEqual(
      valuesOf("Mean(CSRank($close),2)", four)["A"],
    );
    expect(valuesOf("ChangeInstrument('a',ChangeInstrument('D',CSRank($close)))", four)["C"]).toEqual(
      ranks["D"],
    );
  });

  test("an instrument outside of the universe has values of its own only", () => {
    const foreign = panelWith({ INDEX: { first: 0, close: [10, 11, 12] } }, 3);
    expect(valuesOf("CSMean(ChangeInstrument('INDEX',$close)-$close)", four, { foreign })["A"]).toEqual([
      8,
      7,
      12 - 16 / 3,
    ]);
    const error = errorOf("ChangeInstrument('INDEX',CSRank($close))", four, { foreign });
    expect(error.code).toBe("EXPRESSION_OUTSIDE_UNIVERSE");
    expect(error.message).toContain("INDEX");
    // The home instrument's value is there, whoever asks.
    expect(valuesOf("ChangeInstrument('INDEX',$close)*CSCount($close)", four, { foreign })["A"]).toEqual([
      30, 33, 36,
    ]);
  });

  test("reports stand inside of a cross-section, not around it", () => {
    expect(valuesOf("CSRank(P($$roe_q))", four, { periodic })).toEqual({
      A: [NAN, 1, 1],
      B: [NAN, 0.5, 0.5],
      C: [NAN, 0.5, 0.5],
      D: [NAN, 0.5, NAN],
    });
    const error = errorOf("P(CSRank($$roe_q))", four, { periodic });
    expect([error.code, error.column]).toEqual(["EXPRESSION_PERIODIC", 3]);
    expect(error.remedy).toContain("CSRank(P($$field_q))");
  });

  test("a column that bears the name of a phase's result is not mistaken for it", () => {
    const named = panelOf({
      ...four,
      columns: [...four.columns.values(), { name: "#1", values: new Float32Array(12).fill(9) }],
    });
    expect(valuesOf("Mean(CSRank($close),2)", named)).toEqual(valuesOf("Mean(CSRank($close),2)", four));
  });
});

test.each([
  ["CSRank(5)", "EXPRESSION_ARGUMENT"],
  ["CSRank($close,5)", "EXPRESSION_ARITY"],
  ["csrank($close)", "EXPRESSION_OPERATOR_UNKNOWN"],
  ["GroupRank($close,1)", "EXPRESSION_ARGUMENT"],
  ["CSBucket($close,1)", "EXPRESSION_WINDOW"],
  ["CSBucket($close,2.5)", "EXPRESSION_WINDOW"],
  ["CSWinsorize($close,0.6)", "EXPRESSION_TYPE"],
  ["CSWinsorize($close,2)", "EXPRESSION_ARGUMENT"],
  ["CSRank($nosuch)", "EXPRESSION_FIELD_UNKNOWN"],
])("%s is refused with %s", (expression, code) => {
  const error = errorOf(expression, four);
  expect(error.code).toBe(code);
  expect(error.remedy).not.toBe("");
});

test("look-back and look-ahead are those of the operands together", () => {
  const [column] = evaluateExpressions(["GroupRank(Mean($close,5),Ref($group,-2))"], four);
  expect([column!.lookBack, column!.lookAhead, column!.type]).toEqual([4, 2, "f64"]);
});

const expressions = [
  "CSZScore($close)",
  "CSDemean($close/Ref($close,1))",
  "GroupZScore(CSWinsorize(Mean($close,3),0.1),$group)",
  "CSScale(CSRank(Mean(CSDemean($close),2))-0.5)",
  "CSResi($close,Ref($close,1))",
  "GroupSum($close,$group)-CSStd($close)",
];

interface Listing {
  readonly first: number;
  readonly close: readonly number[];
  readonly group: readonly number[];
}
const ROWS = 8;
const listing: fc.Arbitrary<Listing> = fc
  .record({
    first: fc.integer({ min: 0, max: ROWS - 1 }),
    rows: fc.integer({ min: 0, max: ROWS }),
    close: fc.array(
      fc.oneof(
        { weight: 5, arbitrary: fc.double({ min: 0.01, max: 1000, noNaN: true }) },
        { arbitrary: fc.constant(NAN), weight: 1 },
      ),
      {
        minLength: ROWS,
        maxLength: ROWS,
      },
    ),
    group: fc.array(fc.constantFrom(1, 2, 3, NAN), { minLength: ROWS, maxLength: ROWS }),
  })
  .map(({ first, rows, close, group }) => {
    const length = Math.min(rows, ROWS - first);
    return { first, close: close.slice(0, length), group: group.slice(0, length) };
  });
const markets = fc.array(listing, { minLength: 1, maxLength: 9 });

const named = (listings: readonly Listing[]): [string, Listing][] =>
  listings.map((each, at) => [`S${at}`, each]);

test("no bit depends on the order of the instruments, nor on one that has no value", () => {
  fc.assert(
    fc.property(
      markets.chain((listings) =>
        fc.tuple(
          fc.constant(named(listings)),
          fc.shuffledSubarray(named(listings), { minLength: listings.length }),
        ),
      ),
      ([sorted, shuffled]) => {
        const silent: [string, Listing] = [
          "S00",
          { first: 0, close: Array.from({ length: ROWS }, () => NAN), group: [] },
        ];
        for (const expression of expressions) {
          const whole = valuesOf(expression, panelWith(Object.fromEntries(sorted), ROWS));
          const other = valuesOf(expression, panelWith(Object.fromEntries([silent, ...shuffled]), ROWS));
          const { S00: _, ...rest } = other;
          expect(rest).toEqual(whole);
        }
      },
    ),
  );
});

test("no bit of a row depends on what comes after it", () => {
  fc.assert(
    fc.property(markets, fc.integer({ min: 1, max: ROWS - 1 }), (listings, rows) => {
      const cut = (each: Listing): Listing => ({
        first: each.first,
        close: each.close.slice(0, Math.max(0, rows - each.first)),
        group: each.group.slice(0, Math.max(0, rows - each.first)),
      });
      for (const expression of expressions) {
        const whole = valuesOf(expression, panelWith(Object.fromEntries(named(listings)), ROWS));
        const early = valuesOf(expression, panelWith(Object.fromEntries(named(listings.map(cut))), rows));
        const expected = Object.entries(whole).map(([id, values]) => [id, values.slice(0, rows)]);
        expect(early).toEqual(Object.fromEntries(expected));
      }
    }),
  );
});

test("every row is the definition over the values of that row", () => {
  fc.assert(
    fc.property(markets, (listings) => {
      const panel = panelWith(Object.fromEntries(named(listings)), ROWS);
      const inputs = Object.values(valuesOf("Mean($close,2)", panel));
      const found = Object.values(valuesOf("CSDemean(Mean($close,2))", panel));
      const ranks = Object.values(valuesOf("CSRank(Mean($close,2))", panel));
      for (let row = 0; row < ROWS; row++) {
        const day = inputs.map((series) => series[row]!);
        const valid = day.filter((value) => !Number.isNaN(value));
        const mean = valid.reduce((sum, value) => sum + value, 0) / valid.length;
        for (const [lane, value] of day.entries()) {
          const slow =
            (valid.filter((each) => each < value).length +
              (valid.filter((each) => each === value).length + 1) / 2) /
            valid.length;
          expect(ranks[lane]![row]).toEqual(Number.isNaN(value) ? NAN : slow);
          expect(Math.abs((found[lane]![row] || 0) - (value - mean || 0))).toBeLessThan(1e-11);
          expect(Number.isNaN(found[lane]![row])).toBe(Number.isNaN(value));
        }
      }
    }),
  );
});
