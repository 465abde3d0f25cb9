import type { SyntaxNode } from "./tree.ts";

/**
 * Canonical text of a syntax tree: no spaces, no bracket that is not needed. `parseExpression(formatExpression(tree))`
 * is the same tree but for columns, so the text can serve as a key and as lineage.
 */
const STRENGTH = { "|": 2, "&": 3, "+": 4, "-": 4, "*": 5, "/": 5, "**": 7 } as const;
const COMPARISON = 1;
const SIGNED = 6;
const ATOM = 9;

export function formatExpression(node: SyntaxNode): string {
  switch (node.kind) {
    case "field":
      return `$${node.name}`;
    case "periodic":
      return `$$${node.name}`;
    case "number":
      return formatNumber(node.value, node.whole);
    case "text":
      return node.value.includes("'") ? `"${node.value}"` : `'${node.value}'`;
    case "call":
      return `${node.operator}(${node.operands.map(formatExpression).join(",")})`;
    case "comparison": {
      const [first, ...rest] = node.operands.map((operand) => wrapped(operand, COMPARISON + 1));
      return first! + rest.map((operand, index) => node.signs[index]! + operand).join("");
    }
    default: {
      const own = STRENGTH[node.sign];
      const rightFirst = node.sign === "**";
      return (
        wrapped(node.left, rightFirst ? own + 1 : own) +
        node.sign +
        wrapped(node.right, rightFirst ? SIGNED : own + 1)
      );
    }
  }
}

function wrapped(node: SyntaxNode, least: number): string {
  const text = formatExpression(node);
  return strengthOf(node) < least ? `(${text})` : text;
}

function strengthOf(node: SyntaxNode): number {
  if (node.kind === "binary") return STRENGTH[node.sign];
  if (node.kind === "comparison") return COMPARISON;
  if (node.kind === "number") return node.value < 0 || Object.is(node.value, -0) ? SIGNED : ATOM;
  return ATOM;
}

/** Python's spelling of a number: a float shows that it is one. */
export function formatNumber(value: number, whole: boolean): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return whole || /[.e]/.test(text) ? text : `${text}.0`;
}
