import type { AppliedOperator, FieldValue, Graph, GraphNode, GraphOutput } from "../ir/node.ts";
import type { Operator } from "../operators/declaration.ts";
import { printPlan, planOf } from "./plan.ts";

/**
 * A graph with operators across instruments as a chain of graphs without any. A phase computes what the next
 * cross-sections need, instrument by instrument; its sections, row by row over all instruments, become fields of the
 * phases after it. What is inside of a phase is ordinary, so every backend can run it; between phases all instruments wait
 * for each other.
 */
export interface Phases {
  /** In order; empty when nothing reaches across instruments. */
  readonly before: readonly Phase[];
  /** The asked outputs; reads the results of sections as fields. */
  readonly last: Graph;
}

export interface Phase {
  /** Its outputs are the operands of the sections, by field name. */
  readonly graph: Graph;
  /** In order: one may read the result of an earlier one. */
  readonly sections: readonly Section[];
  /** Columns that nobody reads after the sections of this phase. */
  readonly release: readonly string[];
}

/** An operator across instruments that is due. */
export interface Section {
  readonly node: AppliedOperator;
  /** Field that holds the result. */
  readonly name: string;
  /** Fields or outputs of the phase's graph that hold the operands. */
  readonly operands: readonly string[];
}

/** Name of the field that stands for a node of the whole graph. No expression can name it: fields hold no `#`. */
export function columnOfNode(id: number): string {
  return `#${id}`;
}

export interface CrossSectionNode extends AppliedOperator {
  readonly operator: Operator & { readonly scope: "cross-section" };
}

export function isCrossSection(node: GraphNode): node is CrossSectionNode {
  return node.kind === "apply" && node.operator.scope === "cross-section";
}

/** Backends keep what they compiled by graph, so the phases of one graph are made once. */
const planned = new WeakMap<Graph, Phases>();

/** Splits a graph. A graph without operators across instruments comes back as it is. */
export function planPhases(graph: Graph): Phases {
  let phases = planned.get(graph);
  if (phases === undefined) planned.set(graph, (phases = phasesOf(graph)));
  return phases;
}

function phasesOf(graph: Graph): Phases {
  const { nodes } = graph;
  const needed = reachable(
    nodes,
    graph.outputs.map(({ node }) => node),
  );
  const sections = nodes.filter(isCrossSection).filter(({ id }) => needed.has(id));
  if (sections.length === 0) return { before: [], last: graph };
  const barriers = barriersOf(nodes);
  const count = Math.max(...sections.map(({ id }) => barriers[id]!));
  const before = Array.from({ length: count }, (_, index) => {
    const due = sections.filter(({ id }) => barriers[id] === index + 1);
    return {
      graph: cutAtSections(nodes, operandsOf(nodes, due).map(outputOf)),
      sections: due.map((node) => ({
        node,
        name: columnOfNode(node.id),
        operands: node.inputs.map(columnOfNode),
      })),
    };
  });
  const last = cutAtSections(nodes, graph.outputs);
  return { before: withReleases(before, last), last };
}

/**
 * How many barriers lie before a node's value. A section waits for its operands; one whose operands are sections
 * themselves needs no phase between.
 */
function barriersOf(nodes: readonly GraphNode[]): Int32Array {
  const barriers = new Int32Array(nodes.length);
  for (const node of nodes) {
    if (node.kind !== "apply") continue;
    for (const id of node.inputs) {
      const wait = isCrossSection(node) && !isCrossSection(nodes[id]!) ? 1 : 0;
      barriers[node.id] = Math.max(barriers[node.id]!, barriers[id]! + wait);
    }
  }
  return barriers;
}

/** Operands of sections that a phase has to compute. */
function operandsOf(nodes: readonly GraphNode[], sections: readonly AppliedOperator[]): readonly number[] {
  const operands = sections.flatMap(({ inputs }) => inputs.filter((id) => !isCrossSection(nodes[id]!)));
  return [...new Set(operands)].sort((a, b) => a - b);
}

function outputOf(node: number): GraphOutput {
  const name = columnOfNode(node);
  return { name, tree: { kind: "field", name, column: 0 }, node };
}

/** The graph of some outputs with fields in place of sections; nodes are numbered anew. */
function cutAtSections(nodes: readonly GraphNode[], outputs: Graph["outputs"]): Graph {
  const needed = reachable(
    nodes,
    outputs.map(({ node }) => node),
    isCrossSection,
  );
  const kept: GraphNode[] = [];
  const places = new Map<number, number>();
  for (const node of nodes) {
    if (!needed.has(node.id)) continue;
    const id = kept.length;
    places.set(node.id, id);
    if (isCrossSection(node)) kept.push({ ...fieldOf(node), id });
    else if (node.kind === "apply")
      kept.push({ ...node, id, inputs: node.inputs.map((input) => places.get(input)!) });
    else kept.push({ ...node, id });
  }
  return {
    nodes: kept,
    outputs: outputs.map((output) => ({ ...output, node: places.get(output.node)! })),
  };
}

/** Keeps the node's type and reach, so that what is computed from it is typed and reaches as before. */
function fieldOf({ id, type, reach, clock, finite }: AppliedOperator): FieldValue {
  return { kind: "field", name: columnOfNode(id), id, type, reach, clock, finite };
}

/** Nodes that some need, themselves included; what is below a node where the walk stops is left out. */
function reachable(
  nodes: readonly GraphNode[],
  roots: readonly number[],
  stops: (node: GraphNode) => boolean = () => false,
): ReadonlySet<number> {
  const needed = new Set(roots);
  for (let id = nodes.length - 1; id >= 0; id--) {
    const node = nodes[id]!;
    if (!needed.has(id) || node.kind !== "apply" || stops(node)) continue;
    for (const input of node.inputs) needed.add(input);
  }
  return needed;
}

/** What a phase makes or reads is dropped after it unless a later one reads it; fields of the data stay. */
function withReleases(phases: readonly Omit<Phase, "release">[], last: Graph): readonly Phase[] {
  const results = new Set(phases.flatMap(({ sections }) => sections.map(({ name }) => name)));
  const later = fieldNames(last);
  const released: Phase[] = [];
  for (const phase of phases.toReversed()) {
    const { graph, sections } = phase;
    const read = [
      ...[...fieldNames(graph)].filter((name) => results.has(name)),
      ...sections.flatMap(({ operands }) => operands),
    ];
    const touched = new Set([...sections.map(({ name }) => name), ...read]);
    released.unshift({ ...phase, release: [...touched].filter((name) => !later.has(name)) });
    for (const name of read) later.add(name);
  }
  return released;
}

function fieldNames(graph: Graph): Set<string> {
  return new Set(graph.nodes.flatMap((node) => (node.kind === "field" ? [node.name] : [])));
}

/** The work as text, with the node numbers of the whole graph. */
export function printPhases(graph: Graph): string {
  const { nodes } = graph;
  const phases = planPhases(graph).before.map(({ sections }) => sections.map(({ node }) => node));
  const parts = phases.map((sections, index) =>
    [
      `phase ${index + 1}, instrument by instrument`,
      printPhase(graph, operandsOf(nodes, sections)),
      `then, row by row over the universe: ${sections.map(({ id }) => `#${id}`).join(" ")}`,
    ].join("\n"),
  );
  const outputs = [...new Set(graph.outputs.map(({ node }) => node))];
  const last = `phase ${phases.length + 1}, instrument by instrument\n${printPhase(graph, outputs)}`;
  return [...parts, last].join("\n");
}

function printPhase(graph: Graph, roots: readonly number[]): string {
  const { steps } = planOf(graph, roots);
  const ready = ({ node }: (typeof steps)[number]): boolean => isCrossSection(graph.nodes[node]!);
  const plan = printPlan({ roots, steps: steps.filter((step) => !ready(step)) });
  return [...steps.filter(ready).map(({ node }) => `read #${node}`), ...(plan === "" ? [] : [plan])].join(
    "\n",
  );
}
