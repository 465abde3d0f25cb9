import type { Panel } from "#panel/panel";
import type { AppliedOperator, Graph } from "../ir/node.ts";
import { lookAheadOf } from "../operators/reach.ts";
import { Evaluator } from "./evaluator.ts";
import { fieldColumns, type Origins } from "./fields.ts";

/**
 * Slope, Rsquare and Resi never recover from a ±inf in Qlib. The compiler takes raw fields to be finite; where one is
 * not, results that see that row or later ones are the reference backend's. Rows before it stay, so nothing depends on what comes later.
 * Returns the instruments mended.
 */
export function mendBrokenLines(
  graph: Graph,
  panel: Panel,
  to: { readonly values: readonly (Float32Array | Float64Array)[]; readonly origins: Origins },
): number {
  const outputs = outputsOverLines(graph);
  if (outputs.size === 0) return 0;
  const broken = new Map<number, number>();
  const columns = fieldColumns(panel);
  for (const name of fieldsOfLines(graph)) noteInfinities(columns.get(name)!, panel, broken);
  if (broken.size === 0) return 0;
  const affected = [...outputs];
  const part: Graph = { nodes: graph.nodes, outputs: affected.map((index) => graph.outputs[index]!) };
  const aheads = part.outputs.map(({ node }) => lookAheadOf(graph.nodes[node]!.reach));
  const evaluator = new Evaluator(part, panel, to.origins);
  const lanes = panel.instruments.length;
  for (const [lane, from] of broken) {
    evaluator.lane(lane, (index, series) => {
      const target = to.values[affected[index]!]!;
      const end = Math.min(panel.last[lane]!, series.first + series.values.length - 1);
      for (let row = Math.max(from - aheads[index]!, series.first); row <= end; row++)
        target[row * lanes + lane] = series.values[row - series.first]!;
    });
  }
  return broken.size;
}

const LINES = new Set(["Slope", "Rsquare", "Resi"]);

/** Fields that lines run over, combined or as they are: where these hold no ±inf, nothing needs mending. */
export function fieldsOfLines(graph: Graph): ReadonlySet<string> {
  const names = new Set<string>();
  const seen = new Set<number>();
  const visit = (id: number): void => {
    if (seen.has(id)) return;
    seen.add(id);
    const node = graph.nodes[id]!;
    if (node.kind === "field") names.add(node.name);
    if (node.kind === "apply") for (const input of node.inputs) visit(input);
  };
  for (const node of graph.nodes) {
    if (node.kind === "apply" && isTrusting(graph, node)) visit(node.inputs[0]!);
  }
  return names;
}

/** A line over what would be finite if the raw fields were. */
function isTrusting(graph: Graph, node: AppliedOperator): boolean {
  return LINES.has(node.operator.name) && graph.nodes[node.inputs[0]!]!.finite;
}

/** Outputs that such a line is part of. */
function outputsOverLines(graph: Graph): ReadonlySet<number> {
  const over = new Set<number>();
  for (const node of graph.nodes) {
    if (node.kind !== "apply") continue;
    if (isTrusting(graph, node) || node.inputs.some((id) => over.has(id))) over.add(node.id);
  }
  return new Set(graph.outputs.flatMap(({ node }, index) => (over.has(node) ? [index] : [])));
}

/** Notes the first row of an instrument's span on which a column holds ±inf, if that is the earliest yet. */
function noteInfinities(
  values: Float32Array | Float64Array,
  panel: Panel,
  broken: Map<number, number>,
): void {
  const lanes = panel.instruments.length;
  for (let at = 0; at < values.length; at++) {
    if (Math.abs(values[at]!) !== Number.POSITIVE_INFINITY) continue;
    const [row, lane] = [Math.floor(at / lanes), at % lanes];
    if (row < panel.first[lane]! || row > panel.last[lane]!) continue;
    broken.set(lane, Math.min(row, broken.get(lane) ?? row));
  }
}
