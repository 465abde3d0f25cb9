import type { Graph } from "#expression/ir/node";
import { planBlocks } from "#expression/plan/block-plan";
import { CHUNK_ROWS, compileBlocks, type BlockProgram, type BlockShape } from "#expression/run/block-program";
import { packProgram, type PortableProgram } from "./portable-program.ts";

/** A compiled program in all the forms that threads need. */
export interface PreparedProgram {
  readonly program: BlockProgram;
  readonly module: WebAssembly.Module;
  readonly portable: PortableProgram;
}

export interface ProgramOptions {
  readonly precision?: "f32" | "f64";
  readonly lanes?: "mixed" | "float64";
}

/** Instruments of a block unless memory forbids. */
const BLOCK_LANES = 32;
const QUAD = 4;
/** What the results under way may take together, unless told. */
const RESULT_BYTES = 512 * 2 ** 20;

const prepared = new WeakMap<Graph, { readonly key: string; readonly made: PreparedProgram }>();

/** Compiles a graph for blocks of a shape; the last one of each graph is kept. */
export function prepareProgram(
  graph: Graph,
  shape: BlockShape,
  options: ProgramOptions & { readonly inChunks?: boolean },
): PreparedProgram {
  const { precision = "f32", lanes = "mixed", inChunks = false } = options;
  const key = [shape.rows, shape.lanes, precision, lanes, inChunks].join();
  const known = prepared.get(graph);
  if (known?.key === key) return known.made;
  const plan = planBlocks(graph, { precision, lanes });
  // Graphs of one stage hand their results on chunk by chunk and need no room for all rows.
  const room = inChunks && plan.stages.length === 1 ? { results: Math.min(shape.rows, CHUNK_ROWS) } : {};
  const program = compileBlocks(plan, { ...shape, ...room });
  const made = { program, module: new WebAssembly.Module(program.bytes), portable: packProgram(program) };
  prepared.set(graph, { key, made });
  return made;
}

/**
 * Instruments of a block: 32, or fewer (a multiple of 4) so that the results under way fit `memoryBytes`: every thread
 * holds those of a block in its engine, and `resultBuffers` blocks are on their way to the consumer.
 */
export function blockWidth(size: {
  readonly outputs: number;
  readonly rows: number;
  readonly threads: number;
  readonly precision?: "f32" | "f64";
  readonly memoryBytes?: number;
}): number {
  const { outputs, rows, threads, memoryBytes = RESULT_BYTES } = size;
  const lane = outputs * rows * (size.precision === "f64" ? 8 : 4);
  const blocks = threads + resultBuffers(threads);
  const fitting = Math.floor(memoryBytes / Math.max(1, lane * blocks * QUAD)) * QUAD;
  return Math.max(QUAD, Math.min(BLOCK_LANES, fitting));
}

/** One that the consumer reads, and some that are filled meanwhile. */
export function resultBuffers(threads: number): number {
  return Math.min(threads + 1, 4);
}
