import type { Panel } from "#panel/panel";
import type { Graph } from "../ir/node.ts";
import { BlockEngine, type RunStatistics } from "./block-engine.ts";
import { mendBrokenLines } from "./broken-lines.ts";
import { Evaluator } from "./evaluator.ts";
import { fieldColumns, type Origins } from "./fields.ts";
import { blockProgram, type ProgramCache } from "./program-cache.ts";

/**
 * The WebAssembly backend: computes a graph over a panel in blocks of instruments. What belongs to other instruments or
 * to financial reports is computed by the reference backend first and handed in like a field.
 */
export interface BlockOptions extends Origins {
  readonly precision: "f32" | "f64";
  readonly lanes?: "mixed" | "float64";
  readonly programs?: ProgramCache;
  /** Called after each block with the number of instruments done so far. */
  readonly onInstrument?: (done: number) => void;
}

export interface BlockColumns {
  /** One array per output of the graph, shape rows × instruments. */
  readonly values: readonly (Float32Array | Float64Array)[];
  readonly statistics: RunStatistics;
}

export const BLOCK_LANES = 32;

export function evaluateInBlocks(graph: Graph, panel: Panel, options: BlockOptions): BlockColumns {
  const lanes = panel.instruments.length;
  const rows = panel.time.days.length;
  const values = graph.outputs.map(() =>
    options.precision === "f64" ? new Float64Array(rows * lanes) : new Float32Array(rows * lanes),
  );
  const none = { chunks: 0, masked: 0 };
  if (rows === 0 || lanes === 0 || values.length === 0) return { values, statistics: none };
  const engine = engineFor(graph, { rows, lanes }, options);
  const columns = columnsOf(engine, panel, options);
  const width = engine.program.shape.lanes;
  for (let offset = 0; offset < lanes; offset += width) {
    const instruments = Math.min(width, lanes - offset);
    engine.run({
      instruments,
      first: panel.first.subarray(offset, offset + instruments),
      last: panel.last.subarray(offset, offset + instruments),
      column: (node) => ({ values: columns(node), stride: lanes, offset }),
    });
    for (const [index, target] of values.entries()) {
      const block = engine.output(index);
      if (width === lanes) target.set(block);
      else {
        for (let row = 0; row < rows; row++) {
          for (let lane = 0; lane < instruments; lane++)
            target[row * lanes + offset + lane] = block[row * width + lane]!;
        }
      }
    }
    options.onInstrument?.(offset + instruments);
  }
  mendBrokenLines(graph, panel, { values, origins: options });
  return { values, statistics: engine.statistics };
}

interface Kept {
  readonly key: string;
  readonly engine: BlockEngine;
}

/** The last engine of each graph: groups of instruments of one market have the same shape. */
const engines = new WeakMap<Graph, Kept>();

function engineFor(
  graph: Graph,
  size: { readonly rows: number; readonly lanes: number },
  options: BlockOptions,
): BlockEngine {
  const { rows } = size;
  const lanes = Math.min(BLOCK_LANES, Math.ceil(size.lanes / 4) * 4);
  const { precision, lanes: mode = "mixed", programs } = options;
  const key = [rows, lanes, precision, mode].join();
  const kept = engines.get(graph);
  if (kept?.key === key) return kept.engine;
  const engine = new BlockEngine(
    blockProgram(graph, {
      precision,
      lanes: mode,
      shape: { rows, lanes },
      ...(programs === undefined ? {} : { programs }),
    }),
  );
  engines.set(graph, { key, engine });
  return engine;
}

/** Where a block's fields and given nodes are read. */
function columnsOf(
  { program }: BlockEngine,
  panel: Panel,
  origins: Origins,
): (node: number) => Float32Array | Float64Array {
  const { fields, given, graph } = program.plan;
  const named = fieldColumns(panel);
  const columns = new Map(fields.map(({ node, name }) => [node, named.get(name)!]));
  const lanes = panel.instruments.length;
  for (const node of given)
    columns.set(node, new Float64Array(panel.time.days.length * lanes).fill(Number.NaN));
  if (given.length > 0) {
    const { tree } = graph.outputs[0]!;
    const outputs = given.map((node) => ({ name: `given ${node}`, tree, node }));
    const evaluator = new Evaluator({ nodes: graph.nodes, outputs }, panel, origins);
    for (let lane = 0; lane < lanes; lane++) {
      const [first, last] = [panel.first[lane]!, panel.last[lane]!];
      if (first > last) continue;
      evaluator.lane(lane, (index, series) => {
        const target = columns.get(given[index]!)!;
        const end = Math.min(last, series.first + series.values.length - 1);
        for (let row = Math.max(first, series.first); row <= end; row++)
          target[row * lanes + lane] = series.values[row - series.first]!;
      });
    }
  }
  return (node) => columns.get(node)!;
}
