import type { Lanes } from "#kernels/wasm/lanes";
import type { Source } from "#kernels/wasm/vector-graph";
import type { Graph } from "../ir/node.ts";
import { estimatedOperations } from "./estimate.ts";
import { companionsOf, operandsOf, statisticKey } from "./statistic.ts";
import { loweringOf } from "../lower/lowerings.ts";

/**
 * Targets (outputs and intermediate results) that are computed by one function. Targets that share a window statistic
 * belong together; small groups join up to about `FAMILY_OPERATIONS` vector operations, beyond which registers spill.
 */
export interface Family {
  readonly name: string;
  readonly lanes: Lanes;
  /** Nodes of the graph. */
  readonly targets: readonly number[];
  /** Rows before its own that a value of any target depends on. */
  readonly reach: number;
  /** Carries state from the first row on: one version, never skipped. */
  readonly continuous: boolean;
  /** Results may be a few float32 steps off. */
  readonly close: boolean;
  readonly operations: number;
}

export const FAMILY_OPERATIONS = 450;

export interface FamilyRequest {
  readonly targets: readonly number[];
  readonly lanes: Lanes;
  readonly sources: ReadonlyMap<number, Source>;
  readonly continuous: boolean;
  readonly close: boolean;
  readonly prefix: string;
}

export function familiesOf(graph: Graph, request: FamilyRequest): Family[] {
  const { targets, lanes, sources, continuous } = request;
  const sized = groupsOf(graph, targets, sources).flatMap((group) => split(graph, group, request));
  const joined: { targets: number[]; operations: number }[] = [];
  for (const group of sized.sort((a, b) => b.operations - a.operations)) {
    const place = joined.find((each) => each.operations + group.operations <= FAMILY_OPERATIONS);
    if (place === undefined) joined.push({ targets: [...group.targets], operations: group.operations });
    else {
      place.targets.push(...group.targets);
      place.operations += group.operations;
    }
  }
  const reach = reachWithin(graph, sources);
  return joined.map((group, index) => ({
    name: `${request.prefix}${index}`,
    lanes,
    targets: group.targets.sort((a, b) => a - b),
    reach: Math.max(0, ...group.targets.map(reach)),
    continuous,
    close: request.close,
    operations: group.operations,
  }));
}

/** Rows that a value depends on when the sources are at hand, by node. */
export function reachWithin(graph: Graph, sources: ReadonlyMap<number, Source>): (id: number) => number {
  const known = new Map<number, number>();
  const visit = (each: number): number => {
    const node = graph.nodes[each]!;
    if (sources.has(each) || node.kind !== "apply") return 0;
    let rows = known.get(each);
    if (rows === undefined) {
      const back = loweringOf(node, graph)?.back?.(node) ?? 0;
      rows = Math.max(
        0,
        ...operandsOf(node).map((input) => back + visit(input)),
        ...companionsOf(node).map(visit),
      );
      known.set(each, rows);
    }
    return rows;
  };
  return visit;
}

/** Whether a recurrence is part of a target. */
export function isContinuous(graph: Graph, target: number, sources: ReadonlyMap<number, Source>): boolean {
  const seen = new Set<number>();
  const visit = (id: number): boolean => {
    const node = graph.nodes[id]!;
    if (seen.has(id) || sources.has(id) || node.kind !== "apply") return false;
    seen.add(id);
    return loweringOf(node, graph)?.continuous === true || node.inputs.some(visit);
  };
  return visit(target);
}

/** Streams that windows of a target read, with the rows they reach back in all. */
export function streamsOf(
  graph: Graph,
  target: number,
  sources: ReadonlyMap<number, Source>,
): Map<number, number> {
  const streams = new Map<number, number>();
  const seen = new Map<number, number>();
  const visit = (id: number, back: number): void => {
    if ((seen.get(id) ?? -1) >= back) return;
    seen.set(id, back);
    const node = graph.nodes[id]!;
    if (sources.has(id) || node.kind !== "apply") return;
    const lowering = loweringOf(node, graph)!;
    const rows = back + (lowering.back?.(node) ?? 0);
    for (const input of companionsOf(node)) visit(input, back);
    for (const input of operandsOf(node)) {
      const operand = graph.nodes[input]!;
      if (lowering.windowed === true && operand.kind !== "number" && operand.type !== "bool") {
        streams.set(input, Math.max(streams.get(input) ?? 0, rows));
      }
      visit(input, rows);
    }
  };
  visit(target, 0);
  return streams;
}

/** Joins targets that use the same statistic of the same operands. */
function groupsOf(
  graph: Graph,
  targets: readonly number[],
  sources: ReadonlyMap<number, Source>,
): number[][] {
  const parent = new Map<string, string>();
  const find = (key: string): string => {
    let root = key;
    while (parent.get(root) !== undefined && parent.get(root) !== root) root = parent.get(root)!;
    return root;
  };
  for (const target of targets) {
    const own = `target ${target}`;
    parent.set(own, own);
    for (const key of statisticsOf(graph, target, sources)) {
      if (!parent.has(key)) parent.set(key, key);
      const [a, b] = [find(own), find(key)];
      if (a !== b) parent.set(a, b);
    }
  }
  const groups = new Map<string, number[]>();
  for (const target of targets) {
    const root = find(`target ${target}`);
    const group = groups.get(root);
    if (group === undefined) groups.set(root, [target]);
    else group.push(target);
  }
  return [...groups.values()];
}

function statisticsOf(graph: Graph, target: number, sources: ReadonlyMap<number, Source>): Set<string> {
  const keys = new Set<string>();
  const seen = new Set<number>();
  const visit = (id: number, inPair: boolean): void => {
    const node = graph.nodes[id]!;
    if (sources.has(id) || node.kind !== "apply") return;
    const own = operandsOf(node);
    const lowering = loweringOf(node, graph);
    if (lowering?.continuous === true) keys.add(`recurrence ${id}`);
    if (lowering?.windowed === true && !inPair) keys.add(statisticKey(node, own));
    if (seen.has(id)) return;
    seen.add(id);
    // The deviations that Corr tests come with its own moments.
    for (const input of own) visit(input, false);
    for (const input of companionsOf(node)) visit(input, node.operator.name === "Corr");
  };
  visit(target, false);
  return keys;
}

interface SizedGroup {
  readonly targets: readonly number[];
  readonly operations: number;
}

/** Cuts a group that is too large; what the parts share is then computed in each. */
function split(graph: Graph, group: readonly number[], request: FamilyRequest): SizedGroup[] {
  const operations = estimatedOperations(graph, group, request.sources);
  if (operations <= FAMILY_OPERATIONS * 1.5 || group.length === 1) return [{ targets: group, operations }];
  const half = group.length >> 1;
  return [...split(graph, group.slice(0, half), request), ...split(graph, group.slice(half), request)];
}
