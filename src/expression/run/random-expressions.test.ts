import * as fc from "fast-check";
import { expect, test } from "vitest";
import { panelOf } from "#panel/panel";
import { ExpressionError } from "../errors.ts";
import { operators } from "../operators/registry.ts";
import { formatExpression } from "../syntax/format.ts";
import type { SyntaxNode } from "../syntax/tree.ts";
import { evaluateExpressions } from "./evaluate.ts";

/** Calls of real operators with arguments that mostly fit and sometimes do not. */
const leaf = fc.oneof(
  fc.constantFrom("close", "open", "nosuch").map((name): SyntaxNode => ({ kind: "field", name, column: 0 })),
  fc
    .constantFrom(-3, -1, 0, 1, 2, 5, 1e9)
    .map((value): SyntaxNode => ({ kind: "number", value, whole: true, column: 0 })),
  fc
    .constantFrom(0.3, 2.5, -0.5, 1e300)
    .map((value): SyntaxNode => ({ kind: "number", value, whole: false, column: 0 })),
);

const argumentFor: Readonly<Record<string, fc.Arbitrary<SyntaxNode>>> = {
  window: fc.constantFrom(0, 1, 3, 7, 0.3, -1).map((value): SyntaxNode => {
    return { kind: "number", value, whole: Number.isInteger(value), column: 0 };
  }),
  share: fc
    .constantFrom(0, 0.4, 1, 2)
    .map((value): SyntaxNode => ({ kind: "number", value, whole: false, column: 0 })),
  text: fc
    .constantFrom("A", "B", "mean", "rank", "nosuch")
    .map((value): SyntaxNode => ({ kind: "text", value, column: 0 })),
  period: fc
    .constantFrom(202301, 2023, 7)
    .map((value): SyntaxNode => ({ kind: "number", value, whole: true, column: 0 })),
};

const { tree } = fc.letrec<{ tree: SyntaxNode; call: SyntaxNode }>((tie) => ({
  tree: fc.oneof({ maxDepth: 4 }, { weight: 1, arbitrary: leaf }, { weight: 3, arbitrary: tie("call") }),
  call: fc
    .constantFrom(...operators)
    .chain((operator) =>
      fc
        .tuple(...operator.parameters.map(({ kind }) => argumentFor[kind] ?? tie("tree")))
        .map((operands): SyntaxNode => ({ kind: "call", operator: operator.name, operands, column: 0 })),
    ),
}));

const panel = panelOf({
  role: "market",
  time: { freq: "day", days: Int32Array.from({ length: 12 }, (_, row) => row) },
  instruments: ["A", "B", "C"],
  first: Int32Array.of(0, 5, 9),
  last: Int32Array.of(11, 11, 8),
  columns: ["close", "open"].map((name, index) => ({
    name,
    values: Float32Array.from(
      { length: 36 },
      (_, at) => [1, -2, 0, Number.NaN, 3e38, 0.1, 7][(at * (index + 2)) % 7]!,
    ),
  })),
});

test("an expression of any operators on any arguments is computed or refused with a code", () => {
  let computed = 0;
  fc.assert(
    fc.property(tree, (each) => {
      try {
        const [column] = evaluateExpressions([formatExpression(each)], panel);
        expect(column!.values).toHaveLength(36);
        computed++;
      } catch (error) {
        if (!(error instanceof ExpressionError) || error.remedy === "") throw error;
      }
    }),
    { numRuns: process.env["DEPTH"] === "full" ? 30_000 : 3_000, seed: 11 },
  );
  expect(computed).toBeGreaterThan(100);
});
