import { describe, expect, test } from "vitest";
import { ExpressionError } from "../errors.ts";
import { explainExpression } from "../explain.ts";
import { lookAheadOf, lookBackOf } from "../operators/reach.ts";
import { buildGraph } from "./build.ts";
import { printGraph } from "./print.ts";

function rootOf(text: string): { readonly type: string; readonly back: number; readonly ahead: number } {
  const graph = buildGraph([text]);
  const root = graph.nodes[graph.outputs[0]!.node]!;
  return { type: root.type, back: lookBackOf(root.reach), ahead: lookAheadOf(root.reach) };
}

function codeOf(text: string): string {
  try {
    buildGraph([text]);
  } catch (error) {
    if (error instanceof ExpressionError) return `${error.code} @${error.column}`;
    throw error;
  }
  return "none";
}

describe("look-back and look-ahead are what the values depend on", () => {
  test.each<[string, number, number]>([
    ["$close", 0, 0],
    ["Ref($close,5)", 5, 0],
    ["Ref($close,-2)/Ref($close,-1)-1", 0, 2],
    ["Mean($close,5)", 4, 0],
    ["Mean(Ref($close,1),5)", 5, 0],
    ["Ref(Ref($close,-2),2)", 0, 0],
    ["Ref(Mean($close,5),-3)", 1, 3],
    ["Mean(Ref($close,-1),5)", 3, 1],
    ["Delta($close,-3)", 0, 3],
    ["Rsquare($close,60)", 59, 0],
    ["Corr($close,Ref($volume,1),10)", 10, 0],
    ["Mean($close,0)", Infinity, 0],
    ["EMA($close,12)", Infinity, 0],
    ["Std($close,0.5)", Infinity, 0],
    ["Ref($close,0)", Infinity, 0],
    ["Slope($close,5)", 4, 0],
    ["Slope($close/$open,5)", Infinity, 0],
    ["Slope(Mean($close/$open,3),5)", 6, 0],
    ["ChangeInstrument('X',Mean($close,5))", 4, 0],
    ["P(Mean($$roe_q,4))", 0, 0],
  ])("%s looks back %d and ahead %d", (text, back, ahead) => {
    expect(rootOf(text)).toMatchObject({ back, ahead });
  });
});

describe("types are numpy's", () => {
  test.each([
    ["$close*2", "f32"],
    ["$close*1e300", "f64"],
    ["$close*65535", "f32"],
    ["$close*65536", "f64"],
    ["$close*65536.0", "f32"],
    ["$close-(-32769)", "f64"],
    ["Mean($close,5)*$close", "f64"],
    ["$close>1", "bool"],
    ["($close>1)+($open>1)", "bool"],
    ["($close>1)*2", "i64"],
    ["($close>1)*2.0", "f64"],
    ["($close>1)*$close", "f32"],
    ["If($close>1,1,0)*$close", "f64"],
    ["If($close>1,1,0)/2", "f64"],
    ["If($close>1,$close,Mean($close,5))", "f64"],
    ["Ref($close>1,1)", "object"],
    ["Ref($close>1,0)", "bool"],
    ["Delta($close>1,1)", "f64"],
    ["Ref(If($close>1,1,0),1)", "f64"],
    ["Sign(Mean($close,5))", "f32"],
    ["And($close>1,Ref($close>1,1))", "bool"],
  ])("%s is %s", (text, type) => {
    expect(rootOf(text).type).toBe(type);
  });
});

describe("what cannot be meant is refused where it stands", () => {
  test.each([
    ["Mean($close)", "EXPRESSION_ARITY @1"],
    ["$open+Mean($close,5,6)", "EXPRESSION_ARITY @7"],
    ["Meen($close,5)", "EXPRESSION_OPERATOR_UNKNOWN @1"],
    ["Mean($close,$open)", "EXPRESSION_ARGUMENT @13"],
    ["Mean(5,5)", "EXPRESSION_ARGUMENT @1"],
    ["Mean($close,10001)", "EXPRESSION_WINDOW @13"],
    ["Mean($close,0.0)", "EXPRESSION_WINDOW @13"],
    ["Ref($close,-10001)", "EXPRESSION_WINDOW @12"],
    ["EMA($close,-1)", "EXPRESSION_WINDOW @12"],
    ["Slope($close,2.5)", "EXPRESSION_WINDOW @14"],
    ["Mean($close,1.0)", "EXPRESSION_WINDOW @13"],
    ["Rolling($close,5,'apply')", "EXPRESSION_TYPE @1"],
    ["Mask($close,5)", "EXPRESSION_ARGUMENT @13"],
    ["'SH000300'", "EXPRESSION_ARGUMENT @1"],
    ["Feature('$close')", "EXPRESSION_ARGUMENT @9"],
    ["$close>$open&$volume>0", "EXPRESSION_TYPE @13"],
    ["($close>1)/($open>1)", "EXPRESSION_TYPE @11"],
    ["If(1,$close,$open)", "EXPRESSION_ARGUMENT @1"],
    ["Log(2)*$close", "EXPRESSION_ARGUMENT @1"],
    ["P($$roe)", "EXPRESSION_PERIODIC @3"],
    ["P(P($$roe_q))", "EXPRESSION_PERIODIC @1"],
    ["P($$roe_q+$close)", "EXPRESSION_PERIODIC @10"],
    ["PRef($$roe_q,201805)", "EXPRESSION_ARGUMENT @14"],
  ])("%s gives %s", (text, expected) => {
    expect(codeOf(text)).toBe(expected);
  });

  test("a mistyped operator is answered with the nearest name", () => {
    expect(() => buildGraph(["Meen($close,5)"])).toThrow(
      expect.objectContaining({ remedy: "write Mean (case matters)" }),
    );
  });

  test("two outputs of one name are refused", () => {
    expect(() => buildGraph(["$close", "$close"])).toThrow(
      expect.objectContaining({ code: "EXPRESSION_NAME_TWICE" }),
    );
  });
});

test("equal subexpressions are one node, whoever uses them and however they are written", () => {
  const graph = buildGraph([
    "Std($close,5)/$close",
    "Div(Std( $CLOSE , 5 ), $close)+1",
    "Rsquare($close,5)",
    "Corr($close,$open,5)",
  ]);
  const named = (name: string): number =>
    graph.nodes.filter((node) => node.kind === "apply" && node.operator.name === name).length;
  expect(graph.nodes.filter((node) => node.kind === "field")).toHaveLength(2);
  expect([named("Std"), named("Div"), named("Rsquare"), named("Corr")]).toEqual([2, 1, 1, 1]);
});

test("Feature('close') is $close", () => {
  expect(printGraph(buildGraph(["Feature('close')"]))).toContain("= $close");
});

test("the last link of a comparison chain is the one that counts", () => {
  const graph = buildGraph(["$a>$b>$c", "$b>$c"]);
  expect(graph.outputs[0]!.node).toBe(graph.outputs[1]!.node);
});

test("a graph prints one line a node", () => {
  expect(printGraph(buildGraph([{ name: "MA5", expression: "Mean($close,5)/$close" }]))).toBe(
    [
      "#0 f32    = $close",
      "#1 f64    = Mean(#0, 5)   look-back 4",
      "#2 f64    = Div(#1, #0)   look-back 4",
      "MA5 = #2",
    ].join("\n"),
  );
});

test("an explanation shows expression, syntax tree, graph and plan", () => {
  const text = explainExpression("Mean($close>Ref($close, 1), 5)");
  for (const part of [
    "look-back   5 rows",
    "type        f64",
    "syntax tree\nMean(…)",
    "field $close",
    "Gt(#0, #1)",
    "then release",
  ]) {
    expect(text).toContain(part);
  }
});
