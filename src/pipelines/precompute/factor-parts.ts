import type { VwapRule } from "#data/export/qlib-bin/qlib-fields";
import {
  LANES_PER_BLOCK,
  type FieldSet,
  type StoredField,
  type StoreSnapshot,
} from "#data/store/panel-store";
import type { Graph } from "#expression/ir/node";
import { lookBackOf } from "#expression/operators/reach";
import type { ProgramCache } from "#expression/run/program-cache";
import { formatExpression } from "#expression/syntax/format";
import { factorGraph, type FactorFailure } from "#factors/compute";
import { FactorBlocks } from "../factor-blocks.ts";
import { RecurrenceStates } from "../recurrence-states.ts";
import type { StoredBlocks } from "../stored-blocks.ts";
import type { PortableSet } from "./portable-set.ts";

/** How factors are computed; part of their lineage. */
export interface Engine {
  /** Version of the program, with what else decides the values. */
  readonly version: string;
  readonly precision: "f32" | "f64";
  readonly vwap?: VwapRule;
}

export function engineOf(options: {
  readonly engine: string;
  readonly precision?: "f32" | "f64";
  readonly vwap?: VwapRule;
}): Engine {
  const { engine, precision = "f32", vwap } = options;
  return {
    version: vwap === "typical" ? `${engine} vwap:typical` : engine,
    precision,
    ...(vwap === undefined ? {} : { vwap }),
  };
}

export interface CompiledSet {
  readonly set: FieldSet;
  readonly graph: Graph;
  readonly failures: readonly FactorFailure[];
}

/** The set's graph on these fields, and how its factors will be described in the store. */
export function compileSet(
  list: PortableSet,
  blocks: StoredBlocks,
  options: { readonly engine: Engine; readonly generation: number },
): CompiledSet {
  const { engine, generation } = options;
  const { graph, failures } = factorGraph(list, blocks.shape());
  const units = new Map(list.factors.map(({ name, unit }) => [name, unit]));
  const fields = graph.outputs.map(({ name, tree }): StoredField => ({
    name,
    dtype: engine.precision,
    unit: units.get(name) ?? "1",
    lineage: { from: formatExpression(tree), engine: engine.version, inputGeneration: generation },
  }));
  return { set: { name: list.name, role: "factor", fields }, graph, failures };
}

/** Factors of a set that are computed together. They do not depend on what is stored already. */
export interface Part {
  readonly set: FieldSet;
  /** Descriptions of this part's factors. */
  readonly fields: readonly StoredField[];
  readonly blocks: FactorBlocks;
  /** Of recurrences that can go on from a state. */
  readonly states: RecurrenceStates | null;
}

/** Results of one engine beyond this are computed by several. */
const PART_BYTES = 2 ** 28;

/** The parts of a set that stay within one instrument. */
export function partsWithin(
  { set, graph }: CompiledSet,
  base: StoreSnapshot,
  { engine, programs }: { readonly engine: Engine; readonly programs?: ProgramCache },
): readonly Part[] {
  const { precision } = engine;
  // Of a set that is stored, mostly the newest rows are due.
  const canGrow = base.fieldSets.has(set.name);
  const rows = base.time.days.length;
  const most = Math.max(1, Math.floor(PART_BYTES / (rows * LANES_PER_BLOCK * (precision === "f32" ? 4 : 8))));
  const described = new Map(set.fields.map((field) => [field.name, field]));
  const { within, endless } = partition(graph);
  const parts: Part[] = [];
  for (const outputs of [within, endless]) {
    for (let from = 0; from < outputs.length; from += most) {
      const some: Graph = { nodes: graph.nodes, outputs: outputs.slice(from, from + most) };
      const blocks = new FactorBlocks(some, {
        rows,
        precision,
        canGrow,
        ...(programs === undefined ? {} : { programs }),
      });
      const name = `${set.name}${from === 0 ? "" : `.${from / most}`}`;
      const { stateWidth: width, meaning } = blocks;
      const isResumable = outputs === endless && Number.isFinite(blocks.resumedLookBack) && width > 0;
      const layout = { width, meaning, engine: engine.version };
      parts.push({
        set,
        fields: blocks.names.map((each) => described.get(each)!),
        blocks,
        states: isResumable ? new RecurrenceStates(name, layout, base) : null,
      });
    }
  }
  return parts;
}

/** Outputs with a bounded look-back, those that depend on all earlier rows, and those that reach across instruments. */
export function partition(graph: Graph): Readonly<Record<"within" | "endless" | "across", Graph["outputs"]>> {
  const reaching = new Set<number>();
  for (const node of graph.nodes) {
    if (node.kind === "periodic") reaching.add(node.id);
    if (node.kind !== "apply") continue;
    if (node.operator.scope !== undefined || node.inputs.some((id) => reaching.has(id)))
      reaching.add(node.id);
  }
  const own = graph.outputs.filter(({ node }) => !reaching.has(node));
  const isEndless = (node: number): boolean =>
    lookBackOf(graph.nodes[node]!.reach) === Number.POSITIVE_INFINITY;
  return {
    within: own.filter(({ node }) => !isEndless(node)),
    endless: own.filter(({ node }) => isEndless(node)),
    across: graph.outputs.filter(({ node }) => reaching.has(node)),
  };
}
