import type { AppliedOperator, GraphNode } from "../ir/node.ts";
import type { Argument } from "../operators/declaration.ts";

/**
 * A rewrite of one node into an equal one that is cheaper or more often shared: the same values bit for bit, in every
 * type, with everything missing that was missing.
 */
export interface Rule {
  readonly name: string;
  /** The node that stands for `node` from now on, or null when the rule says nothing about it. */
  apply(node: AppliedOperator, to: Rebuilt): number | null;
}

/** The graph as rebuilt so far; a rule reads it and adds to it. */
export interface Rebuilt {
  node(id: number): GraphNode;
  /** The node that applies an operator by name; equal ones are one. */
  call(operator: string, inputs: readonly number[], rest?: readonly Argument[]): number;
  /** The same operator on other inputs. */
  on(node: AppliedOperator, inputs: readonly number[]): number;
}
