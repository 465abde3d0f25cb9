import type { Graph } from "#expression/ir/node";
import type { BlockProgram, BlockShape } from "#expression/run/block-program";
import { packProgram, type PortableProgram } from "#expression/run/portable-program";
import { blockProgram, type ProgramCache } from "#expression/run/program-cache";

/** A compiled program in all the forms that threads need. */
export interface PreparedProgram {
  readonly program: BlockProgram;
  readonly module: WebAssembly.Module;
  readonly portable: PortableProgram;
  /** Differs from that of any other program. */
  readonly key: number;
}

export interface ProgramOptions {
  readonly precision?: "f32" | "f64";
  readonly lanes?: "mixed" | "float64";
  /** Where programs are kept beyond the process. */
  readonly programs?: ProgramCache;
}

/** Instruments of a block unless memory forbids. */
const BLOCK_LANES = 32;
const QUAD = 4;
/** Areas for results of each thread: the consumer reads one while the next is filled. */
const AREAS = 2;
/** What the results under way may take together, unless told. */
const RESULT_BYTES = 512 * 2 ** 20;

let made = 0;
/** Of all areas of a thread: half of what 32-bit addresses reach. */
const MOST_BYTES = 2 ** 31;
const prepared = new WeakMap<Graph, { readonly key: string; readonly made: PreparedProgram }>();

/** Compiles a graph for blocks of a shape; the last one of each graph is kept. */
export function prepareProgram(
  graph: Graph,
  shape: BlockShape,
  options: ProgramOptions & { readonly threaded?: boolean },
): PreparedProgram {
  const { precision = "f32", lanes = "mixed", threaded = false, programs } = options;
  const key = [shape.rows, shape.lanes, precision, lanes, threaded].join();
  const known = prepared.get(graph);
  if (known?.key === key) return known.made;
  const bytes = graph.outputs.length * shape.rows * shape.lanes * (precision === "f32" ? 4 : 8);
  const areas = bytes * AREAS > MOST_BYTES ? 1 : AREAS;
  const program = blockProgram(graph, {
    precision,
    lanes,
    shape: threaded ? { ...shape, areas, shared: true } : shape,
    ...(programs === undefined ? {} : { programs }),
  });
  const module = new WebAssembly.Module(program.bytes);
  const own = { program, module, portable: packProgram(program), key: made++ };
  prepared.set(graph, { key, made: own });
  return own;
}

/** Instruments of a block: 32, or fewer (a multiple of 4) so that the results under way fit `memoryBytes`. */
export function blockWidth(size: {
  readonly outputs: number;
  readonly rows: number;
  readonly threads: number;
  readonly precision?: "f32" | "f64";
  readonly memoryBytes?: number;
}): number {
  const { outputs, rows, threads, memoryBytes = RESULT_BYTES } = size;
  const lane = outputs * rows * (size.precision === "f64" ? 8 : 4);
  const blocks = threads * AREAS;
  const fitting = Math.floor(memoryBytes / Math.max(1, lane * blocks * QUAD)) * QUAD;
  return Math.max(QUAD, Math.min(BLOCK_LANES, fitting));
}
