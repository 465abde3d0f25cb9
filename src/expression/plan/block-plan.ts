import type { Source } from "#kernels/wasm/vector-graph";
import type { AppliedOperator, Graph, GraphNode } from "../ir/node.ts";
import { rewriteGraph } from "../rewrite/rewrite.ts";
import { loweringOf } from "../lower/lowerings.ts";
import { familiesOf, isContinuous, type Family, type FamilyRequest } from "./families.ts";
import { float32Fitness } from "./precision.ts";

/**
 * How a graph is computed for a block of instruments: which intermediate results lie in memory, in which order
 * reference kernels and vector functions run, and in which lanes each result is made.
 *
 * Stage k first runs its reference kernels, whose inputs stages before it have made, then its families.
 */
export interface BlockPlan {
  /** As rewritten: its nodes are numbered anew. */
  readonly graph: Graph;
  /** Delivered type. */
  readonly precision: "f32" | "f64";
  readonly sources: ReadonlyMap<number, Source>;
  readonly slots: Readonly<Record<Source["type"], number>>;
  readonly fields: readonly { readonly node: number; readonly name: string }[];
  /** Nodes of another instrument's or of the reports' rows, handed in with the fields. */
  readonly given: readonly number[];
  readonly stages: readonly Stage[];
  /** By output. */
  readonly outputLanes: readonly Family["lanes"][];
  /** Of the intermediate results that families make. */
  readonly slotLanes: ReadonlyMap<number, Family["lanes"]>;
}

export interface Stage {
  /** What lies in memory when the stage's families run. */
  readonly sources: ReadonlyMap<number, Source>;
  readonly kernels: readonly number[];
  readonly families: readonly Family[];
}

export interface PlanOptions {
  readonly precision: "f32" | "f64";
  /** `float64` computes everything in float64 lanes; `mixed` takes float32 where it is exact, or close and allowed. */
  readonly lanes?: "mixed" | "float64";
}

const ROW_WISE = new Set(["element-wise", "comparison", "logic"]);

export function planBlocks(written: Graph, options: PlanOptions): BlockPlan {
  const graph = rewriteGraph(written);
  const elsewhere = nodesElsewhere(graph);
  const { inPlace, given } = reached(graph, elsewhere);
  const isGiven = new Set(given);
  const applied = (id: number): AppliedOperator | null => {
    const node = graph.nodes[id]!;
    return node.kind === "apply" ? node : null;
  };
  const kernels = new Set(
    inPlace.filter((id) => {
      const node = applied(id);
      return node !== null && !isGiven.has(id) && loweringOf(node, graph) === null;
    }),
  );
  const slots = { f32: 0, f64: 0 };
  const sources = new Map<number, Source>();
  const place = (id: number): void => {
    if (sources.has(id)) return;
    const type = wideSlot(graph.nodes[id]!) ? "f64" : "f32";
    sources.set(id, { type, index: slots[type]++ });
  };
  const fields = inPlace.flatMap((id) => {
    const node = graph.nodes[id]!;
    return node.kind === "field" ? [{ node: id, name: node.name }] : [];
  });
  for (const { node } of fields) place(node);
  for (const id of given) place(id);
  const computed = new Set<number>();
  for (const id of kernels) {
    for (const input of graph.nodes[id]!.kind === "apply" ? applied(id)!.inputs : []) {
      const node = graph.nodes[input]!;
      if (node.kind === "apply" && !isGiven.has(input) && !kernels.has(input)) computed.add(input);
    }
  }
  const levels = levelsOf(graph, inPlace, { kernels, isGiven });
  for (const id of kernels) place(id);
  const stages: Stage[] = [];
  const outputLanes: Family["lanes"][] = graph.outputs.map(() => "f64x2");
  const slotLanes = new Map<number, Family["lanes"]>();
  const fitness = options.lanes === "float64" ? () => null : float32Fitness(graph);
  const deepest = Math.max(0, ...levels.values());
  for (let level = 0; level <= deepest; level++) {
    const before = new Map(sources);
    const targets = { f32x4: new Set<number>(), f64x2: new Set<number>() };
    const lanesOf = (id: number, isCloseEnough: boolean): Family["lanes"] => {
      const found = readsWide(graph, id, before) ? null : fitness(id);
      const lanes = found === "exact" || (found === "close" && isCloseEnough) ? "f32x4" : "f64x2";
      targets[lanes].add(id);
      return lanes;
    };
    for (const [index, { node, float32 = false }] of graph.outputs.entries()) {
      if (levels.get(node) !== level) continue;
      if (options.precision === "f32") outputLanes[index] = lanesOf(node, float32);
      else targets.f64x2.add(node);
    }
    const made = [...computed].filter((id) => levels.get(id) === level);
    for (const id of made) slotLanes.set(id, lanesOf(id, false));
    const partsOf = (lanes: Family["lanes"]): Omit<FamilyRequest, "lanes" | "sources">[] => {
      const parts = new Map<string, Omit<FamilyRequest, "lanes" | "sources"> & { targets: number[] }>();
      for (const id of [...targets[lanes]].sort((a, b) => a - b)) {
        const continuous = isContinuous(graph, id, before);
        const close = lanes === "f32x4" && fitness(id) === "close";
        const prefix = `${lanes}.${level}.${continuous ? "r" : ""}${close ? "c" : ""}`;
        const part = parts.get(prefix);
        if (part === undefined) parts.set(prefix, { targets: [id], continuous, close, prefix });
        else part.targets.push(id);
      }
      return [...parts.values()];
    };
    const families = (["f32x4", "f64x2"] as const).flatMap((lanes) =>
      partsOf(lanes).flatMap((part) => familiesOf(graph, { ...part, lanes, sources: before })),
    );
    stages.push({
      sources: before,
      kernels: [...kernels].filter((id) => levels.get(id) === level),
      families,
    });
    for (const id of made) place(id);
  }
  const { precision } = options;
  return { graph, precision, sources, slots, fields, given, stages, outputLanes, slotLanes };
}

/** float32 and conditions fit a float32 slot. */
function wideSlot({ type }: GraphNode): boolean {
  return type !== "f32" && type !== "bool";
}

/** What the outputs need, in order, stopping at nodes of other rows. */
function reached(
  graph: Graph,
  elsewhere: ReadonlySet<number>,
): { readonly inPlace: readonly number[]; readonly given: readonly number[] } {
  const inPlace = new Set<number>();
  const given: number[] = [];
  const visit = (id: number): void => {
    if (inPlace.has(id)) return;
    inPlace.add(id);
    const node = graph.nodes[id]!;
    if (node.kind !== "apply") return;
    if (elsewhere.has(id) && !isRowWise(node)) given.push(id);
    else for (const input of node.inputs) visit(input);
  };
  for (const { node } of graph.outputs) visit(node);
  return { inPlace: [...inPlace].sort((a, b) => a - b), given };
}

/** Nodes whose rows are not the instrument's own. */
function nodesElsewhere(graph: Graph): ReadonlySet<number> {
  const elsewhere = new Set<number>();
  for (const node of graph.nodes) {
    if (node.kind === "periodic") elsewhere.add(node.id);
    if (node.kind !== "apply") continue;
    if (node.operator.scope !== undefined || node.inputs.some((id) => elsewhere.has(id)))
      elsewhere.add(node.id);
  }
  return elsewhere;
}

function isRowWise(node: GraphNode): boolean {
  return node.kind === "apply" && ROW_WISE.has(node.operator.family) && node.operator.scope === undefined;
}

function levelsOf(
  graph: Graph,
  ids: readonly number[],
  which: { readonly kernels: ReadonlySet<number>; readonly isGiven: ReadonlySet<number> },
): Map<number, number> {
  const levels = new Map<number, number>();
  for (const id of ids) {
    const node = graph.nodes[id]!;
    let level = 0;
    if (node.kind === "apply" && !which.isGiven.has(id)) {
      for (const input of node.inputs) level = Math.max(level, levels.get(input) ?? 0);
      if (which.kernels.has(id)) level++;
    }
    levels.set(id, level);
  }
  return levels;
}

function readsWide(graph: Graph, target: number, sources: ReadonlyMap<number, Source>): boolean {
  const seen = new Set<number>();
  const visit = (id: number): boolean => {
    if (seen.has(id)) return false;
    seen.add(id);
    const source = sources.get(id);
    if (source !== undefined) return source.type === "f64";
    const node = graph.nodes[id]!;
    return node.kind === "apply" && node.inputs.some(visit);
  };
  return visit(target);
}
