import { ExpressionError } from "../errors.ts";
import { limits } from "./limits.ts";
import { tokensOf, type Token } from "./tokens.ts";
import {
  childrenOf,
  type BinarySign,
  type ComparisonSign,
  type NumberNode,
  type SyntaxNode,
} from "./tree.ts";

/**
 * Reads Qlib's expression language into a syntax tree: a Pratt parser (V. Pratt, "Top down operator precedence",
 * 1973) with Python's precedence, because Qlib hands its text to Python: comparisons, then `|`, `&`, `+ -`, `* /`,
 * a number's sign, `**` (right-associative). Nothing is ever executed.
 */
const BINDING: Readonly<Record<string, number>> = {
  "|": 20,
  "&": 30,
  "+": 40,
  "-": 40,
  "*": 50,
  "/": 50,
  "**": 70,
};
const COMPARISON_BINDING = 10;
const SIGN_BINDING = 60;
const COMPARISONS: ReadonlySet<string> = new Set([">", ">=", "<", "<=", "==", "!="]);
const REFUSED: Readonly<Record<string, string>> = {
  "//": "use / (Qlib has no floor division)",
  "%": "Qlib has no remainder",
  "^": "use Ne(a,b) for an exclusive or of two conditions",
  "~": "use Not(...)",
  "=": "compare with ==",
  "!": "use Not(...) or !=",
  "<<": "Qlib has no shifts",
  ">>": "Qlib has no shifts",
};
const WORDS: Readonly<Record<string, string>> = {
  and: "use & with brackets around each condition, or And(a,b)",
  or: "use | with brackets around each condition, or Or(a,b)",
  not: "use Not(...)",
  if: "use If(condition, then, otherwise)",
};

/** Parses one expression. Throws `ExpressionError` that names the column, what was found and what was expected. */
export function parseExpression(text: string): SyntaxNode {
  const parser = new Parser(tokensOf(text));
  return parser.whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #nesting = 0;
  #nodes = 0;
  readonly #depths = new Map<SyntaxNode, number>();

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): SyntaxNode {
    if (this.#peek().kind === "end") {
      throw new ExpressionError("EXPRESSION_EMPTY", "the text is empty", {
        remedy: "write an expression such as Mean($close,5)/$close",
      });
    }
    const tree = this.#expression(0);
    const rest = this.#peek();
    if (rest.kind !== "end") throw unexpected(rest, "an operator or the end of the expression");
    return tree;
  }

  #peek(): Token {
    return this.#tokens[this.#at]!;
  }

  #next(): Token {
    return this.#tokens[this.#at++]!;
  }

  #made<N extends SyntaxNode>(node: N): N {
    const depth = 1 + Math.max(0, ...childrenOf(node).map((child) => this.#depths.get(child) ?? 1));
    this.#depths.set(node, depth);
    if (depth > limits.maxDepth) {
      throw new ExpressionError("EXPRESSION_TOO_DEEP", `a tree of more than ${limits.maxDepth} levels`, {
        column: node.column,
        remedy: "shorten the chain of operators or split the expression into several factors",
      });
    }
    if (++this.#nodes > limits.maxNodes) {
      throw new ExpressionError("EXPRESSION_TOO_LARGE", `more than ${limits.maxNodes} nodes`, {
        column: node.column,
        remedy: "split the expression into several factors",
      });
    }
    return node;
  }

  /** An expression one level further in: inside brackets, a call, after a sign or `**`. */
  #nested(binding: number): SyntaxNode {
    if (++this.#nesting > limits.maxNesting) {
      throw new ExpressionError("EXPRESSION_TOO_DEEP", `nested more than ${limits.maxNesting} levels deep`, {
        column: this.#peek().column,
        remedy: "flatten the expression or split it into several factors",
      });
    }
    const inner = this.#expression(binding);
    this.#nesting--;
    return inner;
  }

  #expression(binding: number): SyntaxNode {
    let left = this.#prefix();
    for (;;) {
      const token = this.#peek();
      if (token.kind !== "sign") break;
      if (COMPARISONS.has(token.text)) {
        if (COMPARISON_BINDING <= binding) break;
        left = this.#comparison(left);
        continue;
      }
      const strength = BINDING[token.text];
      if (strength === undefined || strength <= binding) break;
      this.#next();
      const right = token.text === "**" ? this.#nested(strength - 1) : this.#expression(strength);
      left = this.#binary(token.text as BinarySign, left, right, token.column);
    }
    return left;
  }

  #prefix(): SyntaxNode {
    const token = this.#next();
    switch (token.kind) {
      case "number":
        return this.#made({ kind: "number", value: token.value, whole: token.whole, column: token.column });
      case "field":
      case "periodic":
        return this.#made({ kind: token.kind, name: token.text, column: token.column });
      case "text":
        return this.#made({ kind: "text", value: token.text, column: token.column });
      case "name":
        return this.#call(token);
      case "sign":
        if (token.text === "(") return this.#bracket();
        if (token.text === "-" || token.text === "+") return this.#signed(token);
        throw unexpected(token, "a field, a number, an operator call or (");
      default:
        throw unexpected(token, "a field, a number, an operator call or (");
    }
  }

  #bracket(): SyntaxNode {
    const inner = this.#nested(0);
    this.#close(", or )");
    return inner;
  }

  #close(also: string): void {
    const token = this.#next();
    if (token.kind !== "sign" || token.text !== ")")
      throw unexpected(token, also === "" ? ")" : `an operator${also}`);
  }

  #signed(sign: Token): NumberNode {
    const operand = this.#nested(SIGN_BINDING);
    if (operand.kind !== "number") {
      throw new ExpressionError("EXPRESSION_UNARY_MINUS", `${sign.text} stands before an expression`, {
        column: sign.column,
        remedy:
          sign.text === "-" ? "write 0-x or -1*x; Qlib has no sign before an expression" : "leave the + out",
      });
    }
    const wholeZero = operand.whole && operand.value === 0;
    const value = sign.text === "-" && !wholeZero ? -operand.value : operand.value;
    return { ...operand, value, column: sign.column };
  }

  #call(name: Token): SyntaxNode {
    const open = this.#peek();
    if (open.kind !== "sign" || open.text !== "(") {
      const remedy =
        WORDS[name.text] ?? `write $${name.text} for a field or ${name.text}(...) for an operator`;
      throw new ExpressionError("EXPRESSION_SYNTAX", `found the bare word ${name.text}`, {
        column: name.column,
        remedy,
      });
    }
    this.#next();
    const operands: SyntaxNode[] = [];
    const first = this.#peek();
    if (first.kind === "sign" && first.text === ")") this.#next();
    else {
      for (;;) {
        operands.push(this.#nested(0));
        const after = this.#next();
        if (after.kind === "sign" && after.text === ")") break;
        if (after.kind !== "sign" || after.text !== ",")
          throw unexpected(after, `, or ) in ${name.text}(...)`);
      }
    }
    return this.#made({ kind: "call", operator: name.text, operands, column: name.column });
  }

  #comparison(first: SyntaxNode): SyntaxNode {
    const operands = [first];
    const signs: ComparisonSign[] = [];
    const { column } = this.#peek();
    for (;;) {
      const token = this.#peek();
      if (token.kind !== "sign" || !COMPARISONS.has(token.text)) break;
      this.#next();
      const right = this.#expression(COMPARISON_BINDING);
      if (operands.at(-1)!.kind === "number" && right.kind === "number") {
        throw new ExpressionError("EXPRESSION_CONSTANT", "two numbers are compared", {
          column: token.column,
          remedy: "compare a field or an expression",
        });
      }
      signs.push(token.text as ComparisonSign);
      operands.push(right);
    }
    return this.#made({ kind: "comparison", signs, operands, column });
  }

  #binary(sign: BinarySign, left: SyntaxNode, right: SyntaxNode, column: number): SyntaxNode {
    if (left.kind === "number" && right.kind === "number") return folded(sign, left, right);
    return this.#made({ kind: "binary", sign, left, right, column });
  }
}

/** Python's arithmetic on two numbers: `/` gives a float, whole numbers stay whole otherwise. */
function folded(sign: BinarySign, left: NumberNode, right: NumberNode): NumberNode {
  const [a, b] = [left.value, right.value];
  const bothWhole = left.whole && right.whole;
  let value: number;
  let whole = bothWhole;
  switch (sign) {
    case "+":
      value = a + b;
      break;
    case "-":
      value = a - b;
      break;
    case "*":
      value = a * b;
      break;
    case "/":
      value = a / b;
      whole = false;
      break;
    case "**":
      value = a ** b;
      whole = bothWhole && b >= 0;
      break;
    case "&":
      value = bothWhole ? Number(BigInt(a) & BigInt(b)) : Number.NaN;
      break;
    case "|":
      value = bothWhole ? Number(BigInt(a) | BigInt(b)) : Number.NaN;
      break;
  }
  if (!Number.isFinite(value)) {
    throw new ExpressionError("EXPRESSION_NUMBER", `${a} ${sign} ${b} is not a finite number`, {
      column: left.column,
      remedy: "write the number itself",
    });
  }
  return { kind: "number", value, whole: whole && Number.isSafeInteger(value), column: left.column };
}

function unexpected(token: Token, expected: string): ExpressionError {
  const found =
    token.kind === "end" ? "the end of the text" : token.kind === "text" ? `'${token.text}'` : token.text;
  const refused = token.kind === "sign" ? REFUSED[token.text] : undefined;
  const word = token.kind === "name" ? WORDS[token.text] : undefined;
  return new ExpressionError("EXPRESSION_SYNTAX", `found ${found}, expected ${expected}`, {
    column: token.column,
    remedy: refused ?? word ?? "correct the expression at this column",
  });
}
