import type { Source } from "#kernels/wasm/vector-graph";
import type { Graph, GraphNode } from "../ir/node.ts";
import { operatorNamed } from "../operators/registry.ts";
import { planBlocks, type BlockPlan, type PlanOptions } from "../plan/block-plan.ts";
import {
  compileBlocks,
  programOf,
  type BlockProgram,
  type BlockShape,
  type FamilyVersions,
} from "./block-program.ts";
import { packNodes, unpackNodes, type PortableNode } from "./portable-program.ts";

/**
 * Compiled programs that outlive the process. What is planned and encoded depends on nothing but the graph, the lanes asked
 * for and the shape, which make up the key in full, and on the compiler, whose version the keeper adds. Whatever is not found,
 * or is not what was put there, is compiled; results are the same bits either way.
 */
export interface ProgramCache {
  /** What was put under the key, null where nothing was. The receiver checks it. */
  get(key: string): unknown;
  /** Plain data that can be posted and stored. */
  put(key: string, program: CachedProgram): void;
}

/** A program without what follows from its key. */
export interface CachedProgram {
  readonly nodes: readonly PortableNode[];
  /** Node of each output. */
  readonly outputs: readonly number[];
  readonly plan: Omit<BlockPlan, "graph" | "precision">;
  readonly versions: ReadonlyMap<string, FamilyVersions>;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface ProgramRequest extends PlanOptions {
  readonly shape: BlockShape;
  readonly programs?: ProgramCache;
}

/** Plans and compiles a graph, or finds that this has been done. */
export function blockProgram(graph: Graph, request: ProgramRequest): BlockProgram {
  const { shape, programs } = request;
  // An operator outside of the registry cannot be named, and so not be found again.
  if (programs === undefined || !graph.nodes.every(isNamed))
    return compileBlocks(planBlocks(graph, request), shape);
  const key = programKey(graph, request);
  const known = restored(programs.get(key), graph, request);
  if (known !== null) return known;
  const program = compileBlocks(planBlocks(graph, request), shape);
  programs.put(key, kept(program));
  return program;
}

function isNamed(node: GraphNode): boolean {
  return node.kind !== "apply" || operatorNamed(node.operator.name) === node.operator;
}

/** Everything that a program depends on but the compiler. Names of outputs are not among it. */
export function programKey(graph: Graph, { precision, lanes = "mixed", shape }: ProgramRequest): string {
  const { rows, results = "all", areas = 1, shared = false } = shape;
  const lines = [`${precision} ${lanes} ${rows} ${shape.lanes} ${results} ${areas} ${shared}`];
  for (const node of graph.nodes) {
    const { type, reach, clock, finite } = node;
    lines.push(`${meaning(node)} ${type} ${reach.earliest} ${reach.latest} ${clock} ${finite}`);
  }
  for (const { node, float32 = false } of graph.outputs) lines.push(`${node} ${float32}`);
  return lines.join("\n");
}

function meaning(node: GraphNode): string {
  if (node.kind === "number") return `number ${exactly(node.value)}`;
  if (node.kind !== "apply") return `${node.kind} ${JSON.stringify(node.name)}`;
  return `${node.operator.name}(${node.inputs.join()};${node.arguments.map(exactly).join()})`;
}

/** Different for different values, −0 and texts that look like numbers included. */
function exactly(value: number | string): string {
  if (typeof value === "string") return JSON.stringify(value);
  return Object.is(value, -0) ? "-0" : String(value);
}

function kept({ plan, versions, bytes }: BlockProgram): CachedProgram {
  const { graph, sources, slots, fields, given, stages, outputLanes, slotLanes } = plan;
  return {
    nodes: packNodes(graph.nodes),
    outputs: graph.outputs.map(({ node }) => node),
    plan: { sources, slots, fields, given, stages, outputLanes, slotLanes },
    versions,
    bytes,
  };
}

/** The program, or null when what was found cannot be one of this graph. */
function restored(found: unknown, graph: Graph, request: ProgramRequest): BlockProgram | null {
  if (!isWhole(found, graph)) return null;
  const nodes = unpackNodes(found.nodes);
  const outputs = graph.outputs.map((output, index) => ({ ...output, node: found.outputs[index]! }));
  const plan = { ...found.plan, graph: { nodes, outputs }, precision: request.precision };
  return programOf(plan, request.shape, found);
}

function isWhole(found: unknown, graph: Graph): found is CachedProgram {
  const { nodes, outputs, plan, versions, bytes } = (found ?? {}) as Partial<CachedProgram>;
  if (!Array.isArray(nodes) || !Array.isArray(outputs) || !(versions instanceof Map)) return false;
  const isNode = (id: unknown): boolean => typeof id === "number" && Number.isInteger(id) && id in nodes;
  return (
    nodes.every(isPortable) &&
    outputs.length === graph.outputs.length &&
    outputs.every(isNode) &&
    isPlan(plan, { isNode, isFamily: (name) => versions.has(name), outputs: outputs.length }) &&
    bytes instanceof Uint8Array &&
    WebAssembly.validate(bytes)
  );
}

function isPortable(node: Partial<PortableNode>, id: number): boolean {
  if (node.id !== id) return false;
  if (node.kind !== "apply")
    return node.kind === "field" || node.kind === "periodic" || node.kind === "number";
  return (
    operatorNamed(node.operator!) !== undefined &&
    Array.isArray(node.arguments) &&
    Array.isArray(node.inputs) &&
    node.inputs.every((input) => input >= 0 && input < id)
  );
}

interface Known {
  readonly isNode: (id: unknown) => boolean;
  readonly isFamily: (name: string) => boolean;
  readonly outputs: number;
}

function isPlan(plan: Partial<CachedProgram["plan"]> | undefined, known: Known): boolean {
  const { slots, sources, fields, given, stages, outputLanes, slotLanes } = plan ?? {};
  if (slots === undefined || fields === undefined || given === undefined || stages === undefined)
    return false;
  const isSources = (places: unknown): boolean =>
    places instanceof Map &&
    [...(places as ReadonlyMap<number, Source>)].every(
      ([id, { type, index }]) => known.isNode(id) && index < slots[type],
    );
  return (
    isSources(sources) &&
    fields.every(({ node }) => known.isNode(node)) &&
    given.every(known.isNode) &&
    stages.every(
      (stage) =>
        isSources(stage.sources) &&
        stage.kernels.every(known.isNode) &&
        stage.families.every((family) => known.isFamily(family.name) && family.targets.every(known.isNode)),
    ) &&
    outputLanes?.length === known.outputs &&
    slotLanes instanceof Map
  );
}
