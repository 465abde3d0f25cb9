import type { BinarySign, ComparisonSign, SyntaxNode } from "./tree.ts";

/**
 * Expressions written in TypeScript: `field("close").div(ref(field("close"), 1))` makes the tree that
 * `$close/Ref($close,1)` parses to.
 */
export type Operand = Expression | number | string;

export class Expression {
  readonly tree: SyntaxNode;

  constructor(tree: SyntaxNode) {
    this.tree = tree;
  }

  add(other: Operand): Expression {
    return binary("+", this, other);
  }
  sub(other: Operand): Expression {
    return binary("-", this, other);
  }
  mul(other: Operand): Expression {
    return binary("*", this, other);
  }
  div(other: Operand): Expression {
    return binary("/", this, other);
  }
  pow(other: Operand): Expression {
    return binary("**", this, other);
  }
  and(other: Operand): Expression {
    return binary("&", this, other);
  }
  or(other: Operand): Expression {
    return binary("|", this, other);
  }
  gt(other: Operand): Expression {
    return comparison(">", this, other);
  }
  ge(other: Operand): Expression {
    return comparison(">=", this, other);
  }
  lt(other: Operand): Expression {
    return comparison("<", this, other);
  }
  le(other: Operand): Expression {
    return comparison("<=", this, other);
  }
  eq(other: Operand): Expression {
    return comparison("==", this, other);
  }
  ne(other: Operand): Expression {
    return comparison("!=", this, other);
  }
}

/** `$name`: a daily (or intraday) field. */
export function field(name: string): Expression {
  return new Expression({ kind: "field", name, column: 0 });
}

/** `$$name`: a point-in-time field of quarters (`_q`) or years (`_a`). */
export function periodic(name: string): Expression {
  return new Expression({ kind: "periodic", name, column: 0 });
}

/** Any operator by its Qlib name: `call("Quantile", field("close"), 5, 0.8)`. Names are checked when a graph is built. */
export function call(operator: string, ...operands: readonly Operand[]): Expression {
  return new Expression({ kind: "call", operator, operands: operands.map(treeOf), column: 0 });
}

const unary =
  (operator: string) =>
  (x: Operand): Expression =>
    call(operator, x);
const windowed =
  (operator: string) =>
  (x: Operand, window: number): Expression =>
    call(operator, x, window);
const paired =
  (operator: string) =>
  (a: Operand, b: Operand): Expression =>
    call(operator, a, b);
const pairWindowed =
  (operator: string) =>
  (a: Operand, b: Operand, window: number): Expression =>
    call(operator, a, b, window);

export const abs = unary("Abs");
export const sign = unary("Sign");
export const log = unary("Log");
export const not = unary("Not");
export const greater = paired("Greater");
export const less = paired("Less");
export const ref = windowed("Ref");
export const delta = windowed("Delta");
export const mean = windowed("Mean");
export const sum = windowed("Sum");
export const std = windowed("Std");
export const variance = windowed("Var");
export const skew = windowed("Skew");
export const kurt = windowed("Kurt");
export const max = windowed("Max");
export const min = windowed("Min");
export const idxMax = windowed("IdxMax");
export const idxMin = windowed("IdxMin");
export const med = windowed("Med");
export const mad = windowed("Mad");
export const rank = windowed("Rank");
export const count = windowed("Count");
export const slope = windowed("Slope");
export const rsquare = windowed("Rsquare");
export const resi = windowed("Resi");
export const wma = windowed("WMA");
export const ema = windowed("EMA");
export const corr = pairWindowed("Corr");
export const cov = pairWindowed("Cov");

export function quantile(x: Operand, window: number, share: number): Expression {
  return call("Quantile", x, window, share);
}

export function when(condition: Operand, then: Operand, otherwise: Operand): Expression {
  return call("If", condition, then, otherwise);
}

function treeOf(operand: Operand): SyntaxNode {
  if (operand instanceof Expression) return operand.tree;
  if (typeof operand === "string") return { kind: "text", value: operand, column: 0 };
  if (!Number.isFinite(operand))
    throw new RangeError(`an expression holds finite numbers only, found ${operand}`);
  return {
    kind: "number",
    value: operand,
    whole: Number.isSafeInteger(operand) && !Object.is(operand, -0),
    column: 0,
  };
}

function binary(sign: BinarySign, left: Operand, right: Operand): Expression {
  return new Expression({ kind: "binary", sign, left: treeOf(left), right: treeOf(right), column: 0 });
}

function comparison(sign: ComparisonSign, left: Operand, right: Operand): Expression {
  return new Expression({
    kind: "comparison",
    signs: [sign],
    operands: [treeOf(left), treeOf(right)],
    column: 0,
  });
}
