import { describe, expect, test } from "vitest";
import { dayOf } from "#market/day";
import { panelOf, type Panel } from "#panel/panel";
import { ExpressionError } from "../errors.ts";
import { buildGraph } from "../ir/build.ts";
import { operators } from "../operators/registry.ts";
import { evaluateExpressions, type EvaluationOptions } from "./evaluate.ts";
import type { PeriodRecord } from "./periods.ts";

const NAN = Number.NaN;
const start = dayOf("2024-01-01");

/** Each instrument's closes from its first row on; the panel has as many rows as the longest needs. */
function panelWith(
  lanes: Readonly<Record<string, { readonly first: number; readonly close: readonly number[] }>>,
  days?: readonly number[],
): Panel<"market"> {
  const ids = Object.keys(lanes);
  const rows = days?.length ?? Math.max(...ids.map((id) => lanes[id]!.first + lanes[id]!.close.length));
  const values = new Float64Array(rows * ids.length).fill(NAN);
  for (const [lane, id] of ids.entries()) {
    for (const [index, value] of lanes[id]!.close.entries())
      values[(lanes[id]!.first + index) * ids.length + lane] = value;
  }
  return panelOf({
    role: "market",
    time: {
      freq: "day",
      days: Int32Array.from(days ?? Array.from({ length: rows }, (_, row) => start + row)),
    },
    instruments: ids,
    first: Int32Array.from(ids, (id) => lanes[id]!.first),
    last: Int32Array.from(ids, (id) => lanes[id]!.first + lanes[id]!.close.length - 1),
    columns: [{ name: "close", values }],
  });
}

function valuesOf(expression: string, panel: Panel, options: EvaluationOptions = {}): number[][] {
  const [column] = evaluateExpressions([expression], panel, { precision: "f64", ...options });
  const lanes = panel.instruments.length;
  return panel.instruments.map((_, lane) =>
    Array.from({ length: panel.time.days.length }, (_unused, row) => column!.values[row * lanes + lane]!),
  );
}

const two = panelWith({ A: { first: 0, close: [1, 2, NAN, 4, 5] }, B: { first: 2, close: [10, 20] } });

test("a graph of float64 fields takes them as they are, and so does what is made of them", () => {
  const panel = panelWith({ A: { first: 0, close: [0.1, 0.3] } });
  const texts = ["$close", "$close*3", "Delta($close,1)"];
  const [raw, triple, step] = evaluateExpressions(buildGraph(texts, { fields: "f64" }), panel, {
    precision: "f64",
  });
  expect([raw!.type, triple!.type, step!.type]).toEqual(["f64", "f64", "f64"]);
  expect([raw!.values[0], triple!.values[0], step!.values[1]]).toEqual([0.1, 0.1 * 3, 0.3 - 0.1]);
});

test("a window of N rows has no recurrence; everything so far and exponential means have one", () => {
  const found = operators.flatMap(({ name, recurrence }) => {
    const shown = [0, 0.2, 5].map((window) => recurrence?.([window, "sum"]) ?? null);
    return shown[0] === null && shown[1] === null ? [] : [[name, ...shown.map((each) => each?.width)]];
  });
  expect(found).toContainEqual(["Sum", 2, 2, undefined]);
  expect(found).toContainEqual(["EMA", undefined, 2, 2]);
  expect(found).toContainEqual(["Ref", 2, undefined, undefined]);
});

describe("operators beyond Qlib", () => {
  test("Where leaves out the rows whose condition does not hold or is missing", () => {
    expect(valuesOf("Where($close*2,$close!=2)", two)[0]).toEqual([2, NAN, NAN, 8, 10]);
    expect(valuesOf("Where($close*2,Ref($close,1))", two)[0]).toEqual([NAN, 4, NAN, NAN, 10]);
  });

  test("WarmUp hides an instrument's first rows, counted from its own first one", () => {
    expect(valuesOf("WarmUp(Mean($close,2),1)", two)).toEqual([
      [NAN, 1.5, 2, 4, 4.5],
      [NAN, NAN, NAN, 15, NAN],
    ]);
    expect(valuesOf("WarmUp($close,9)", two)[0]).toEqual([NAN, NAN, NAN, NAN, NAN]);
  });

  test("recurrences carry their last result over a missing row", () => {
    expect(valuesOf("Wilder($close,2)", two)[0]).toEqual([NAN, 1.5, 1.5, 2.75, 3.875]);
    expect(valuesOf("SeededEMA($close,3)", two)[0]).toEqual([NAN, NAN, NAN, 7 / 3, 7 / 3 + (5 - 7 / 3) / 2]);
    expect(valuesOf("DMA($close,0.5)", two)[0]).toEqual([1, 1.5, 1.5, 2.75, 3.875]);
  });
});

describe("windows and shifts", () => {
  test("start at an instrument's own first row and end at its last", () => {
    expect(valuesOf("Sum($close,3)", two)).toEqual([
      [1, 3, 3, 6, 9],
      [NAN, NAN, 10, 30, NAN],
    ]);
    expect(valuesOf("Ref($close,-1)", two)[1]).toEqual([NAN, NAN, 20, NAN, NAN]);
    expect(valuesOf("Ref($close,0)", two)[1]).toEqual([NAN, NAN, 10, 10, NAN]);
  });

  test("a raw field is float32 even where the panel holds float64", () => {
    const panel = panelWith({ A: { first: 0, close: [0.1] } });
    expect(valuesOf("$close", panel)).toEqual([[Math.fround(0.1)]]);
    expect(valuesOf("$close>0.1", panel)).toEqual([[0]]);
  });

  test.each([
    ["$close*3", (x: number) => x * 3],
    ["$close-1e-3", (x: number) => x - Math.fround(1e-3)],
    ["$close/7", (x: number) => x / 7],
    ["$close**3", (x: number) => x ** 3],
    ["Power($close,0.5)", (x: number) => Math.sqrt(x)],
    ["Delta($close,0)+$close", (x: number) => x],
    ["If($close>0,0.1,$close)", () => 0.1],
  ])("%s of float32 is rounded to float32 at once", (expression, of) => {
    const x = Math.fround(0.7);
    expect(valuesOf(expression, panelWith({ A: { first: 0, close: [0.7] } }))).toEqual([
      [Math.fround(of(x))],
    ]);
  });

  test("a whole number beyond 16 bits is compared and combined in float64, as NumPy does", () => {
    const panel = panelWith({ A: { first: 0, close: [16_777_216] } });
    expect(valuesOf("$close<16777217", panel)).toEqual([[1]]);
    expect(valuesOf("$close<16777217.0", panel)).toEqual([[0]]);
    expect(valuesOf("$close+16777217", panel)).toEqual([[33_554_433]]);
  });

  test("a difference of float32 values is rounded, one of float64 values is not", () => {
    const panel = panelWith({ A: { first: 0, close: [1e-9, 0.7] } });
    const [small, large] = [Math.fround(1e-9), Math.fround(0.7)];
    expect(valuesOf("Delta($close,1)", panel)[0]![1]).toBe(Math.fround(large - small));
    expect(valuesOf("Delta(Sum($close,1),1)", panel)[0]![1]).toBe(large - small);
  });

  test("results come as float32 unless float64 is asked for", () => {
    expect(evaluateExpressions(["Mean($close,3)"], two)[0]!.values).toBeInstanceOf(Float32Array);
    expect(evaluateExpressions(["Mean($close,3)"], two)[0]).toMatchObject({
      type: "f64",
      lookBack: 2,
      lookAhead: 0,
    });
  });

  test("an instrument without a row stays NaN", () => {
    const panel = panelOf({ ...two, last: Int32Array.of(4, 1), columns: two.columns.values() });
    expect(valuesOf("Mean($close,2)", panel)[1]).toEqual([NAN, NAN, NAN, NAN, NAN]);
  });
});

describe("conditions", () => {
  test("a NaN condition is true for If and false for a comparison", () => {
    expect(valuesOf("If($close,1,0)", two)[0]).toEqual([1, 1, 1, 1, 1]);
    expect(valuesOf("$close>0", two)[0]).toEqual([1, 1, 0, 1, 1]);
  });

  test.each([
    ["If($close>1,6,1)&3", [1, 2, 1, 2, 2]],
    ["Or(If($close>1,6,1),If($close>2,4294967296,8))", [9, 14, 9, 4294967302, 4294967302]],
    ["Not(If($close>1,6,1))", [-2, -7, -2, -7, -7]],
    ["And($close>1,If($close>2,2,1))", [0, 1, 0, 0, 0]],
    ["($close>1)*3+($close>2)", [0, 3, 0, 4, 4]],
  ])("%s takes whole numbers bit by bit", (expression, expected) => {
    expect(valuesOf(expression, two)[0]).toEqual(expected);
  });

  test("a shifted condition is missing at first, and then counts as false", () => {
    expect(valuesOf("Ref($close>1,1)", two)[0]).toEqual([NAN, 0, 1, 0, 1]);
    expect(valuesOf("Or(Ref($close>1,1),$close>0)", two)[0]).toEqual([0, 1, 1, 1, 1]);
    expect(valuesOf("Or($close>0,Ref($close>1,1))", two)[0]).toEqual([1, 1, 1, 1, 1]);
    expect(valuesOf("And($close>0,Ref($close>1,1))", two)[0]).toEqual([0, 0, 0, 0, 1]);
  });
});

describe("another instrument", () => {
  test("is joined by date, its windows running over its own rows", () => {
    expect(valuesOf("ChangeInstrument('A',Sum($close,2))", two)[1]).toEqual([NAN, NAN, 2, 4, NAN]);
    expect(valuesOf("$close-Mask($close,'a')", two)[1]).toEqual([NAN, NAN, NAN, 16, NAN]);
    expect(valuesOf("Sum($close-ChangeInstrument('B',$close),2)", two)[0]).toEqual([NAN, NAN, NAN, -16, -16]);
  });

  test("may come from a foreign panel with other days", () => {
    const foreign = panelWith({ INDEX: { first: 0, close: [100, 200, 300] } }, [
      start - 3,
      start + 1,
      start + 4,
    ]);
    expect(valuesOf("ChangeInstrument('INDEX',$close)", two, { foreign })[0]).toEqual([
      NAN,
      200,
      NAN,
      NAN,
      300,
    ]);
  });

  test("meets the stock's own days in a correlation, however long either has lived", () => {
    const panel = panelWith({
      A: { first: 0, close: [9, 9, 1, 2, 3, 9] },
      B: { first: 2, close: [5, 7, 6] },
    });
    expect(valuesOf("Corr($close,ChangeInstrument('A',$close),3)", panel)[1]).toEqual([
      NAN,
      NAN,
      NAN,
      1,
      0.5,
      NAN,
    ]);
    expect(valuesOf("Cov($close,ChangeInstrument('A',$close),0)", panel)[1]).toEqual([
      NAN,
      NAN,
      NAN,
      1,
      0.5,
      NAN,
    ]);
  });

  test("is the same whatever instruments stand beside it", () => {
    const alone = panelWith({ B: { first: 2, close: [10, 20] } });
    const text = "Corr($close,ChangeInstrument('A',$close),3)+ChangeInstrument('A',$close)";
    expect(valuesOf(text, alone, { foreign: two })[0]).toEqual(valuesOf(text, two)[1]!.slice(0, 4));
  });
});

describe("point-in-time fields", () => {
  const records: readonly PeriodRecord[] = [
    { period: 202301, announced: start + 1, value: 1 },
    { period: 202303, announced: start + 2, value: 3 },
    { period: 202301, announced: start + 3, value: 1.5 },
  ];
  const periodic = (instrument: string, name: string): readonly PeriodRecord[] | undefined =>
    instrument === "A" && name === "roe_q" ? records : undefined;

  test.each<[string, number[]]>([
    ["P($$roe_q)", [NAN, 1, 3, 3, 3]],
    ["P(Ref($$roe_q,2))", [NAN, NAN, 1, 1.5, 1.5]],
    ["P(Sum($$roe_q,3))", [NAN, 1, 4, 4.5, 4.5]],
    ["PRef($$roe_q,202301)", [NAN, 1, 1, 1.5, 1.5]],
    ["PRef($$roe_q,202302)", [NAN, NAN, NAN, NAN, NAN]],
    ["Mean(P($$roe_q),2)", [NAN, 1, 2, 3, 3]],
  ])("%s is what was known on each day", (text, expected) => {
    expect(valuesOf(text, two, { periodic })[0]).toEqual(expected);
  });

  test("an instrument without reports is NaN", () => {
    expect(valuesOf("P($$roe_q)", two, { periodic })[1]).toEqual([NAN, NAN, NAN, NAN, NAN]);
  });
});

describe("what the data lack", () => {
  test.each([
    ["$closs", "EXPRESSION_FIELD_UNKNOWN", "did you mean $close? the data have $close"],
    ["Mean($high,5)", "EXPRESSION_FIELD_UNKNOWN", "the data have $close"],
    [
      "Mask($close,'SH000300')",
      "EXPRESSION_INSTRUMENT_UNKNOWN",
      "import it, or hand it over as a foreign panel",
    ],
    ["P($$roe_q)", "EXPRESSION_FIELD_UNKNOWN", "these data hold no point-in-time reports; import them first"],
  ])("%s gives %s", (text, code, remedy) => {
    let thrown: unknown;
    try {
      evaluateExpressions([text], two);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ExpressionError);
    expect(thrown).toMatchObject({ code, remedy });
    expect((thrown as ExpressionError).message).toContain(text);
  });
});
