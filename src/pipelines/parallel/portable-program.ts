import { operatorNamed } from "#expression/operators/registry";
import type { AppliedOperator, GraphNode } from "#expression/ir/node";
import type { BlockProgram } from "#expression/run/block-program";

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

type PortableNode =
  | Exclude<GraphNode, AppliedOperator>
  | (Omit<AppliedOperator, "operator"> & { readonly operator: string });

export function packProgram({ plan: { graph, ...plan }, ...program }: BlockProgram): PortableProgram {
  const nodes = graph.nodes.map((node): PortableNode => {
    if (node.kind !== "apply") return node;
    if (operatorNamed(node.operator.name) !== node.operator) throw unknown(node.operator.name);
    return { ...node, operator: node.operator.name };
  });
  return { program: { ...program, plan }, graph: { nodes, outputs: graph.outputs } };
}

export function unpackProgram({ program, graph }: PortableProgram): BlockProgram {
  const nodes = graph.nodes.map((node): GraphNode => {
    if (node.kind !== "apply") return node;
    const operator = operatorNamed(node.operator);
    if (operator === undefined) throw unknown(node.operator);
    return { ...node, operator };
  });
  return { ...program, plan: { ...program.plan, graph: { nodes, outputs: graph.outputs } } };
}

function unknown(name: string): Error {
  return new Error(`operator ${name} is not the registry's of that name`);
}
