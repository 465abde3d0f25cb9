import type { Argument, Operator } from "../operators/declaration.ts";
import type { Dtype, OperandType } from "../operators/dtype.ts";
import type { Reach } from "../operators/reach.ts";
import type { SyntaxNode } from "../syntax/tree.ts";

/** What the rows of a node are: sessions of the panel, report periods, or nothing yet (a number). */
export type Clock = "session" | "period" | "none";

interface NodeFacts {
  /** Position in the graph; inputs come before the nodes that use them. */
  readonly id: number;
  readonly type: Dtype;
  readonly reach: Reach;
  readonly clock: Clock;
  /** Whether the values are free of ±inf (raw fields are taken to be, overflow left aside). */
  readonly finite: boolean;
}

export interface FieldValue extends NodeFacts {
  readonly kind: "field" | "periodic";
  /** Lower case: field names ignore case. */
  readonly name: string;
}

export interface NumberValue extends NodeFacts {
  readonly kind: "number";
  readonly value: number;
}

export interface AppliedOperator extends NodeFacts {
  readonly kind: "apply";
  readonly operator: Operator;
  readonly inputs: readonly number[];
  /** Window, share, text, period: what is no operand, in the operator's order. */
  readonly arguments: readonly Argument[];
}

export type GraphNode = FieldValue | NumberValue | AppliedOperator;

/** A node as type rules see it when it is an operand. */
export function operandType(node: GraphNode): OperandType {
  return node.kind === "number" ? { type: node.type, number: node.value } : { type: node.type };
}

export interface GraphOutput {
  readonly name: string;
  readonly tree: SyntaxNode;
  readonly node: number;
  /** Whether rolling statistics of it may be made in float32 where that is accurate to about 1e-6. */
  readonly float32?: boolean;
}

/**
 * Expressions as a directed graph without cycles in which equal subexpressions are one node. Nodes are in topological
 * order. This is what every backend starts from.
 */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly GraphOutput[];
}
