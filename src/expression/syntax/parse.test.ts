import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExpressionError } from "../errors.ts";
import { abs, call, field, periodic, ref, when, type Expression } from "./builder.ts";
import { formatExpression } from "./format.ts";
import { limits } from "./limits.ts";
import { parseExpression } from "./parse.ts";
import { childrenOf, type BinarySign, type ComparisonSign, type SyntaxNode } from "./tree.ts";

/** A tree without its columns, for comparison. */
function bare(node: SyntaxNode): unknown {
  const { column: _column, ...rest } = node;
  const children = childrenOf(node).map(bare);
  return node.kind === "binary"
    ? { ...rest, left: children[0], right: children[1] }
    : { ...rest, operands: children };
}

function errorOf(text: string): ExpressionError {
  try {
    parseExpression(text);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`${text} was parsed`);
}

describe("precedence is Python's", () => {
  test.each([
    ["$a-$b-$c", "($a-$b)-$c"],
    ["$a-$b*$c", "$a-($b*$c)"],
    ["$a/$b*$c", "($a/$b)*$c"],
    ["$a**$b**$c", "$a**($b**$c)"],
    ["2*$a**2", "2*($a**2)"],
    ["$a**-1", "$a**(-1)"],
    ["-2**2*$a", "(-(2**2))*$a"],
    ["$a>$b&$c", "$a>($b&$c)"],
    ["$a&$b|$c&$d", "($a&$b)|($c&$d)"],
    ["$a+$b>$c-1", "($a+$b)>($c-1)"],
    ["$a - -1", "$a-(-1)"],
  ])("%s is %s", (text, explicit) => {
    expect(bare(parseExpression(text))).toEqual(bare(parseExpression(explicit)));
  });

  test.each([
    ["2*5*$a", "10*$a"],
    ["$a*2*5", "$a*2*5"],
    ["Mean($a,2*5)", "Mean($a,10)"],
    ["(1+2)/4*$a", "0.75*$a"],
    ["2**-1*$a", "0.5*$a"],
    ["4/2*$a", "2.0*$a"],
    ["1_000*$a", "1000*$a"],
  ])("numbers alone are computed as Python does: %s is %s", (text, canonical) => {
    expect(formatExpression(parseExpression(text))).toBe(canonical);
  });

  test("a chain of comparisons keeps every link in the tree", () => {
    expect(parseExpression("$a>$b>=$c")).toMatchObject({ kind: "comparison", signs: [">", ">="] });
    expect(parseExpression("($a>$b)>=$c")).toMatchObject({ kind: "comparison", signs: [">="] });
  });
});

test("every node knows its column", () => {
  const tree = parseExpression("  Ref($close, 5) / $open");
  expect(tree).toMatchObject({
    kind: "binary",
    column: 18,
    left: { kind: "call", column: 3, operands: [{ column: 7 }, { column: 15 }] },
    right: { column: 20 },
  });
});

test("field names take letters of any script, digits and Chinese punctuation", () => {
  expect(formatExpression(parseExpression("$收盘价+$3d_ret+$营收：（万元）"))).toBe(
    "$收盘价+$3d_ret+$营收：（万元）",
  );
});

describe("errors say where, what was found and what to do", () => {
  test.each([
    ["", "EXPRESSION_EMPTY", 0],
    ["   ", "EXPRESSION_EMPTY", 0],
    ["$close+", "EXPRESSION_SYNTAX", 8],
    ["Mean($close,5", "EXPRESSION_SYNTAX", 14],
    ["Mean($close 5)", "EXPRESSION_SYNTAX", 13],
    ["($close", "EXPRESSION_SYNTAX", 8],
    ["$close)", "EXPRESSION_SYNTAX", 7],
    ["$close $open", "EXPRESSION_SYNTAX", 8],
    ["close/$open", "EXPRESSION_SYNTAX", 1],
    ["$close // 2", "EXPRESSION_SYNTAX", 8],
    ["$close % 2", "EXPRESSION_SYNTAX", 8],
    ["~($close>1)", "EXPRESSION_SYNTAX", 1],
    ["$close = 1", "EXPRESSION_SYNTAX", 8],
    ["$a>1 and $b>1", "EXPRESSION_SYNTAX", 6],
    ["$", "EXPRESSION_SYNTAX", 1],
    ["-$close", "EXPRESSION_UNARY_MINUS", 1],
    ["1-(-$close)", "EXPRESSION_UNARY_MINUS", 4],
    ["-2**$close", "EXPRESSION_UNARY_MINUS", 1],
    ["1>2", "EXPRESSION_CONSTANT", 2],
    ["$a+1/0", "EXPRESSION_NUMBER", 4],
    ["$a*05", "EXPRESSION_NUMBER", 4],
    ["$a*1e999", "EXPRESSION_NUMBER", 4],
    ["Rolling($a,5,'mean)", "EXPRESSION_TEXT_OPEN", 14],
    ["$close?1", "EXPRESSION_CHARACTER", 7],
    ["$close + £", "EXPRESSION_CHARACTER", 10],
  ])("%s gives %s at column %d", (text, code, column) => {
    const error = errorOf(text);
    expect(error).toMatchObject({ code, column });
    expect(error.message.length).toBeGreaterThan(10);
    expect(error.remedy.length).toBeGreaterThan(10);
  });
});

function nested(levels: number): string {
  return `${"Abs(".repeat(levels)}$a+$b*$c${")".repeat(levels)}`;
}

describe("limits hold", () => {
  test.each([
    ["EXPRESSION_TOO_DEEP", "(".repeat(100_000 / 2)],
    ["EXPRESSION_TOO_DEEP", `${"Abs(".repeat(100)}$a${")".repeat(100)}`],
    ["EXPRESSION_TOO_DEEP", `${"-".repeat(200)}1`],
    ["EXPRESSION_TOO_DEEP", Array.from({ length: 2_000 }, () => "$a").join("+")],
    ["EXPRESSION_TOO_LARGE", `F(${Array.from({ length: 10_001 }, () => "1").join(",")})`],
    ["EXPRESSION_TOO_LONG", " ".repeat(limits.maxLength + 1)],
  ])("%s", (code, text) => {
    expect(errorOf(text).code).toBe(code);
  });

  test("64 levels are fine and 65 are not, a sum of 500 terms is", () => {
    expect(() => parseExpression(nested(64))).not.toThrow();
    expect(errorOf(nested(65)).code).toBe("EXPRESSION_TOO_DEEP");
    expect(() => parseExpression(Array.from({ length: 500 }, () => "$a").join("+"))).not.toThrow();
  });
});

const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,5}$/);
const number = fc.oneof(
  fc.integer({ min: -99_999, max: 99_999 }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
);
const tree = fc.letrec<{ any: SyntaxNode; leaf: SyntaxNode; node: SyntaxNode }>((tie) => ({
  any: fc.oneof({ maxDepth: 6, withCrossShrink: true }, tie("leaf"), tie("node")),
  leaf: fc.oneof(
    name.map((each): SyntaxNode => ({ kind: "field", name: each, column: 0 })),
    name.map((each): SyntaxNode => ({ kind: "periodic", name: `${each}_q`, column: 0 })),
    number.map((value): SyntaxNode => {
      const whole = Number.isSafeInteger(value) && !Object.is(value, -0);
      return { kind: "number", value, whole, column: 0 };
    }),
  ),
  node: fc.oneof(
    fc
      .tuple(fc.constantFrom<BinarySign>("+", "-", "*", "/", "**", "&", "|"), tie("any"), tie("any"))
      .filter(([, left, right]) => left.kind !== "number" || right.kind !== "number")
      .map(([sign, left, right]): SyntaxNode => ({ kind: "binary", sign, left, right, column: 0 })),
    fc
      .tuple(fc.constantFrom<ComparisonSign>(">", ">=", "<", "<=", "==", "!="), tie("any"), tie("any"))
      .filter(([, left, right]) => left.kind !== "number" || right.kind !== "number")
      .map(([sign, left, right]): SyntaxNode => ({
        kind: "comparison",
        signs: [sign],
        operands: [left, right],
        column: 0,
      })),
    fc
      .tuple(fc.constantFrom("Mean", "Ref", "Abs", "Corr"), fc.array(tie("any"), { maxLength: 3 }))
      .map(([operator, operands]): SyntaxNode => ({ kind: "call", operator, operands, column: 0 })),
    fc.stringMatching(/^[A-Z0-9']{0,6}$/).map((value): SyntaxNode => ({
      kind: "call",
      operator: "Mask",
      operands: [{ kind: "text", value, column: 0 }],
      column: 0,
    })),
  ),
}));

test("the canonical text of a tree parses to that tree", () => {
  fc.assert(
    fc.property(tree.any, (each) => {
      expect(bare(parseExpression(formatExpression(each)))).toEqual(bare(each));
    }),
    { numRuns: 500 },
  );
});

test("the builder makes the tree that the text parses to", () => {
  const pairs: readonly (readonly [Expression, string])[] = [
    [
      field("close")
        .div(ref(field("close"), 1))
        .sub(1),
      "$close/Ref($close,1)-1",
    ],
    [call("Quantile", abs(field("close")), 5, 0.8), "Quantile(Abs($close),5,0.8)"],
    [when(field("a").gt(0).and(field("b").le(2.5)), field("a").pow(2), -1), "If(($a>0)&($b<=2.5),$a**2,-1)"],
    [call("P", periodic("roe_q")), "P($$roe_q)"],
    [call("Mask", field("close"), "SH000300"), "Mask($close,'SH000300')"],
  ];
  for (const [built, text] of pairs) {
    expect(formatExpression(built.tree)).toBe(text);
    expect(bare(parseExpression(text))).toEqual(bare(built.tree));
  }
});

test("random text never does anything but parse or fail with a code", () => {
  const runs = process.env["DEPTH"] === "full" ? 100_000 : 10_000;
  const pieces = fc.constantFrom(
    ..."$close $$roe_q 5 -1 0.3 1e-12 Mean( Ref( Corr( ( ) , + - * / ** & | > >= == != 'x' \" $ . _ e ~ % = 收 \n \0 )))) ((((".split(
      " ",
    ),
    " ",
  );
  const text = fc.oneof(
    fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join("")),
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.string({ maxLength: 60 }),
  );
  let parsed = 0;
  fc.assert(
    fc.property(text, (each) => {
      try {
        const found = parseExpression(each);
        parsed++;
        return typeof formatExpression(found) === "string";
      } catch (error) {
        return error instanceof ExpressionError && error.column <= each.length + 1;
      }
    }),
    { numRuns: runs, seed: 20240601 },
  );
  expect(parsed).toBeGreaterThan(runs / 500);
});
