import type { Source } from "#kernels/wasm/vector-graph";
import type { AppliedOperator, Graph } from "../ir/node.ts";
import { loweringOf } from "../lower/lowerings.ts";
import { here, lookBackOf } from "../operators/reach.ts";
import type { BlockPlan } from "../plan/block-plan.ts";
import type { Family } from "../plan/families.ts";
import { recurrenceOf } from "./checkpoint.ts";

/**
 * How many rows before the first wanted one each node of a plan must be known on, so that all outputs come out as in a
 * run from the first row: windows of later stages add up. Infinity where a kernel needs everything so far.
 * `resumed` takes recurrences to go on from a stored state.
 */
export function appendReach(
  plan: BlockPlan,
  { resumed }: { readonly resumed: boolean } = { resumed: false },
): ReadonlyMap<number, number> {
  let known = reaches.get(plan);
  if (known === undefined) reaches.set(plan, (known = new Map()));
  let reach = known.get(resumed);
  if (reach === undefined) known.set(resumed, (reach = reachOf(plan, resumed)));
  return reach;
}

/** Every engine of a plan asks for both. */
const reaches = new WeakMap<BlockPlan, Map<boolean, ReadonlyMap<number, number>>>();

function reachOf(plan: BlockPlan, resumed: boolean): ReadonlyMap<number, number> {
  const { graph } = plan;
  const rows = new Map<number, number>();
  const ask = (id: number, back: number): void => {
    rows.set(id, Math.max(rows.get(id) ?? 0, back));
  };
  for (const { node } of graph.outputs) ask(node, 0);
  for (const { families, kernels, sources } of plan.stages.toReversed()) {
    for (const { targets, continuous } of families) {
      for (const target of targets) {
        // A recurrence runs from the instrument's first row on, and what shares its function with it.
        if (continuous && !resumed) ask(target, Number.POSITIVE_INFINITY);
        const own = rows.get(target) ?? 0;
        for (const [id, back] of backsWithin(graph, [target], sources))
          if (sources.has(id)) ask(id, own + back);
      }
    }
    for (const id of kernels) {
      const node = graph.nodes[id]!;
      if (node.kind !== "apply") continue;
      const resumes = resumed && recurrenceOf(node) !== null;
      const back = (rows.get(id) ?? 0) + (resumes ? 0 : kernelBack(graph, node));
      for (const input of node.inputs) if (graph.nodes[input]!.kind !== "number") ask(input, back);
    }
  }
  return rows;
}

/** Rows of its inputs, today's left aside, that a reference kernel needs for one row. */
export function kernelBack(graph: Graph, node: AppliedOperator): number {
  const { operator, inputs } = node;
  const operands = inputs
    .slice(0, inputs.length - (operator.companions?.length ?? 0))
    .map((id) => graph.nodes[id]!);
  const finite = operands.every((operand) => operand.finite);
  const series = operands.filter(({ kind }) => kind !== "number").map(() => here);
  return lookBackOf(operator.reach(series.length > 0 ? series : [here], node.arguments, finite));
}

/** Rows before its own on which a family needs the results of its recurrences. */
export function leadsWithin(
  graph: Graph,
  family: Family,
  sources: ReadonlyMap<number, Source>,
): ReadonlyMap<number, number> {
  return backsWithin(graph, family.targets, sources);
}

/** Every node below some targets, down to the arrays in memory, with the farthest row of each that they depend on. */
function backsWithin(
  graph: Graph,
  targets: readonly number[],
  sources: ReadonlyMap<number, Source>,
): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  const visit = (id: number, back: number): void => {
    if ((found.get(id) ?? -1) >= back) return;
    found.set(id, back);
    const node = graph.nodes[id]!;
    if (sources.has(id) || node.kind !== "apply") return;
    const operands = node.inputs.length - (node.operator.companions?.length ?? 0);
    const rows = loweringOf(node, graph)?.back?.(node) ?? 0;
    for (let index = 0; index < node.inputs.length; index++)
      visit(node.inputs[index]!, index < operands ? back + rows : back);
  };
  for (const target of targets) visit(target, 0);
  return found;
}
