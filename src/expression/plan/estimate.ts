import type { Source } from "#kernels/wasm/vector-graph";
import type { AppliedOperator, Graph } from "../ir/node.ts";
import { loweringOf } from "../lower/lowerings.ts";
import { LEAF_ROWS, partsOf } from "../lower/window-tree.ts";
import { operandsOf, statisticKey, statisticOf } from "./statistic.ts";

/**
 * About how many vector operations a row of some targets costs when nothing is missing. It decides which targets share a
 * function, nothing else; counting exactly would mean lowering everything twice.
 */
export function estimatedOperations(
  graph: Graph,
  targets: readonly number[],
  sources: ReadonlyMap<number, Source>,
): number {
  const trees = new Map<string, { readonly statistic: string; readonly windows: Set<number> }>();
  const seen = new Set<number>();
  let operations = 0;
  const visit = (id: number): void => {
    const node = graph.nodes[id]!;
    if (seen.has(id) || sources.has(id) || node.kind !== "apply") return;
    seen.add(id);
    const lowering = loweringOf(node, graph);
    if (lowering?.operations !== undefined) operations += lowering.operations;
    else if (lowering?.windowed === true) noteTree(node, trees);
    operations += OWN;
    for (const input of node.inputs) visit(input);
  };
  for (const target of targets) visit(target);
  for (const { statistic, windows } of trees.values()) {
    const { leaf, merge, row } = cost[statistic] ?? other;
    const longest = Math.max(...windows);
    const merges = [...subwindows(windows)].filter((rows) => rows > LEAF_ROWS).length;
    operations += leaf + merge * merges + row * longest;
  }
  return Math.round(operations);
}

interface Cost {
  readonly leaf: number;
  readonly merge: number;
  /** Per row of the longest window, where every row is looked at. */
  readonly row: number;
}

/** Of the node itself: the arithmetic that makes a result of a statistic. */
const OWN = 1.2;
const other: Cost = { leaf: 12, merge: 4, row: 0 };
const cost: Readonly<Record<string, Cost>> = {
  moments: { leaf: 23, merge: 12, row: 0 },
  pair: { leaf: 50, merge: 22, row: 0 },
  max: { leaf: 11, merge: 4, row: 0 },
  min: { leaf: 11, merge: 4, row: 0 },
  Sum: { leaf: 4, merge: 1, row: 0 },
  sorted: { leaf: 18, merge: 0, row: 6.5 },
  Rank: { leaf: 4, merge: 0, row: 5 },
  Mad: { leaf: 34, merge: 10, row: 4 },
  Skew: { leaf: 60, merge: 45, row: 0 },
  Kurt: { leaf: 60, merge: 45, row: 0 },
};

function noteTree(
  node: AppliedOperator,
  trees: Map<string, { readonly statistic: string; readonly windows: Set<number> }>,
): void {
  const key = statisticKey(node, operandsOf(node));
  const rows = node.arguments[0] as number;
  const tree = trees.get(key);
  if (tree === undefined) trees.set(key, { statistic: statisticOf(node), windows: new Set([rows]) });
  else tree.windows.add(rows);
}

/** The windows and all that they are merged from. */
function subwindows(windows: ReadonlySet<number>): ReadonlySet<number> {
  const all = new Set<number>();
  const add = (rows: number): void => {
    if (all.has(rows)) return;
    all.add(rows);
    if (rows > LEAF_ROWS) for (const part of partsOf(rows)) add(part);
  };
  for (const rows of windows) add(rows);
  return all;
}
