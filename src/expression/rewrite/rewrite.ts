import type { AppliedOperator, Graph, GraphNode } from "../ir/node.ts";
import { operandType } from "../ir/node.ts";
import type { Argument } from "../operators/declaration.ts";
import { operatorNamed } from "../operators/registry.ts";
import { commonDifference } from "./common-difference.ts";
import { commutedOperands } from "./commuted-operands.ts";
import { mirroredComparison } from "./mirrored-comparison.ts";
import { mirroredMagnitude } from "./mirrored-magnitude.ts";
import { nestedShift } from "./nested-shift.ts";
import { neutralElement } from "./neutral-element.ts";
import type { Rebuilt, Rule } from "./rule.ts";

/** In this order, again and again until none applies. */
export const rules: readonly Rule[] = [
  neutralElement,
  nestedShift,
  commonDifference,
  mirroredComparison,
  mirroredMagnitude,
  commutedOperands,
];

/** The graph with every rule applied; outputs keep their order, nodes are numbered anew. */
export function rewriteGraph(graph: Graph, applied: readonly Rule[] = rules): Graph {
  const rebuilt = new Rebuild();
  const places = graph.nodes.map((node) => rebuilt.add(node, graph, applied));
  const outputs = graph.outputs.map((output) => ({ ...output, node: places[output.node]! }));
  return { nodes: rebuilt.nodes, outputs };
}

class Rebuild implements Rebuilt {
  readonly nodes: GraphNode[] = [];
  readonly #ids = new Map<string, number>();
  readonly #places = new Map<number, number>();

  /** Takes over a node of the old graph, whose inputs have been taken over, and returns its place. */
  add(node: GraphNode, graph: Graph, applied: readonly Rule[]): number {
    let place =
      node.kind === "apply"
        ? this.on(
            node,
            node.inputs.map((id) => this.#places.get(id)!),
          )
        : this.#keep(`${node.kind} ${node.id}`, node);
    for (let changed = true; changed;) {
      changed = false;
      for (const rule of applied) {
        const now = this.nodes[place]!;
        const next = now.kind === "apply" ? rule.apply(now, this) : null;
        if (next === null || next === place) continue;
        place = next;
        changed = true;
      }
    }
    this.#places.set(node.id, place);
    return place;
  }

  node(id: number): GraphNode {
    return this.nodes[id]!;
  }

  on(node: AppliedOperator, inputs: readonly number[]): number {
    const { name } = node.operator;
    return this.#keep(keyOf(name, inputs, node.arguments), { ...node, inputs });
  }

  call(operator: string, inputs: readonly number[], rest: readonly Argument[] = []): number {
    const declared = operatorNamed(operator)!;
    const nodes = inputs.map((id) => this.nodes[id]!);
    const series = nodes.filter(({ clock }) => clock !== "none");
    const operandsFinite = nodes.every(({ finite }) => finite);
    return this.#keep(keyOf(operator, inputs, rest), {
      kind: "apply",
      operator: declared,
      inputs,
      arguments: rest,
      type: declared.type(nodes.map(operandType), rest),
      reach: declared.reach(
        series.map(({ reach }) => reach),
        rest,
        operandsFinite,
      ),
      clock: series[0]!.clock,
      finite: declared.infinity === "absorbs" || (declared.infinity === "passes" && operandsFinite),
    });
  }

  #keep(key: string, node: DistributiveOmit<GraphNode, "id">): number {
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.nodes.length;
      this.nodes.push({ ...node, id });
      this.#ids.set(key, id);
    }
    return id;
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function keyOf(operator: string, inputs: readonly number[], rest: readonly Argument[]): string {
  return `${operator}(${inputs.join(",")}) ${JSON.stringify(rest)}`;
}
