/**
 * The syntax tree of Qlib's expression language. Numbers are already computed (`2*5` is 10), as Python does
 * before Qlib sees them; everything else stands as written. Columns are 1-based; 0 in trees made by the builder.
 */
export type BinarySign = "+" | "-" | "*" | "/" | "**" | "&" | "|";
export type ComparisonSign = ">" | ">=" | "<" | "<=" | "==" | "!=";

export interface FieldNode {
  readonly kind: "field";
  /** Without the `$`. Field names ignore case. */
  readonly name: string;
  readonly column: number;
}

export interface PeriodicNode {
  readonly kind: "periodic";
  /** Without the `$$`; ends in `_q` (quarters) or `_a` (years). */
  readonly name: string;
  readonly column: number;
}

export interface NumberNode {
  readonly kind: "number";
  readonly value: number;
  /** Python's int, as against float: `5` and not `5.0`. Windows must be whole. */
  readonly whole: boolean;
  readonly column: number;
}

export interface TextNode {
  readonly kind: "text";
  readonly value: string;
  readonly column: number;
}

export interface BinaryNode {
  readonly kind: "binary";
  readonly sign: BinarySign;
  readonly left: SyntaxNode;
  readonly right: SyntaxNode;
  readonly column: number;
}

/** `a>b` has two operands. A longer chain means what it means to Qlib: only its last comparison counts. */
export interface ComparisonNode {
  readonly kind: "comparison";
  readonly signs: readonly ComparisonSign[];
  readonly operands: readonly SyntaxNode[];
  readonly column: number;
}

export interface CallNode {
  readonly kind: "call";
  readonly operator: string;
  readonly operands: readonly SyntaxNode[];
  readonly column: number;
}

export type SyntaxNode =
  | FieldNode
  | PeriodicNode
  | NumberNode
  | TextNode
  | BinaryNode
  | ComparisonNode
  | CallNode;

export function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  switch (node.kind) {
    case "binary":
      return [node.left, node.right];
    case "comparison":
    case "call":
      return node.operands;
    default:
      return [];
  }
}
