import { operatorNamed } from "../operators/registry.ts";
import type { AppliedOperator, GraphNode } from "../ir/node.ts";
import type { BlockProgram } from "./block-program.ts";

/**
 * A block program that can be posted to another thread: operators hold functions, so their names travel and the
 * receiving thread looks them up. Everything else of a program is plain data. Planning and lowering happen once.
 */
export interface PortableProgram {
  readonly program: Omit<BlockProgram, "plan"> & { readonly plan: Omit<BlockProgram["plan"], "graph"> };
  readonly graph: {
    readonly nodes: readonly PortableNode[];
    readonly outputs: BlockProgram["plan"]["graph"]["outputs"];
  };
}

export type PortableNode =
  | Exclude<GraphNode, AppliedOperator>
  | (Omit<AppliedOperator, "operator"> & { readonly operator: string });

export function packProgram({ plan: { graph, ...plan }, ...program }: BlockProgram): PortableProgram {
  return { program: { ...program, plan }, graph: { nodes: packNodes(graph.nodes), outputs: graph.outputs } };
}

export function unpackProgram({ program, graph }: PortableProgram): BlockProgram {
  const nodes = unpackNodes(graph.nodes);
  return { ...program, plan: { ...program.plan, graph: { nodes, outputs: graph.outputs } } };
}

/** Throws where an operator is not the registry's. */
export function packNodes(nodes: readonly GraphNode[]): readonly PortableNode[] {
  return nodes.map((node): PortableNode => {
    if (node.kind !== "apply") return node;
    if (operatorNamed(node.operator.name) !== node.operator) throw unknown(node.operator.name);
    return { ...node, operator: node.operator.name };
  });
}

export function unpackNodes(nodes: readonly PortableNode[]): readonly GraphNode[] {
  return nodes.map((node): GraphNode => {
    if (node.kind !== "apply") return node;
    const operator = operatorNamed(node.operator);
    if (operator === undefined) throw unknown(node.operator);
    return { ...node, operator };
  });
}

function unknown(name: string): Error {
  return new Error(`operator ${name} is not the registry's of that name`);
}
