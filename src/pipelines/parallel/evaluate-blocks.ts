import type { Graph } from "#expression/ir/node";
import { lookAheadOf, lookBackOf } from "#expression/operators/reach";
import { evaluatePhase, type Backend, type EvaluatedColumn } from "#expression/run/evaluate";
import { mendBrokenLines } from "#expression/run/broken-lines";
import type { Origins } from "#expression/run/fields";
import type { Parallel } from "#kernels/parallel";
import type { Panel } from "#panel/panel";
import { BlockComputer, columnsOfBlock, resultsAt, type BlockPlace, type Values } from "./block-computer.ts";
import { emptySlot, fillSlot, inputValues, wholeSlot } from "./block-inputs.ts";
import { BlockRun } from "./block-run.ts";
import { BrokenBlocks } from "./broken-blocks.ts";
import type { InputSlot, ReadyPlace } from "./block-task.ts";
import { blockWidth, prepareProgram, type PreparedProgram, type ProgramOptions } from "./prepared-program.ts";

/**
 * A graph over a market too large for its results to be in memory at once: block of instruments by block, on the calling
 * thread or on several. Blocks are delivered in order; their bits depend on neither the threads nor the blocks. At any time
 * only a few blocks of results exist: threads wait when the consumer is slow.
 *
 * Graphs are without operators across instruments, as `planPhases` makes them.
 */
export interface BlockOptions extends Origins, ProgramOptions {
  /** Absent: the calling thread computes, while the consumer waits. */
  readonly parallel?: Parallel;
  readonly signal?: AbortSignal;
}

export interface EvaluatedBlock {
  /** Place of its first instrument among all. */
  readonly offset: number;
  readonly instruments: readonly string[];
  /** Shape rows × the block's instruments, as columns of a panel. Valid until the next block is asked for. */
  readonly columns: readonly EvaluatedColumn[];
}

export interface WholeOptions extends BlockOptions {
  /** What results under way may take; 512 MB unless told. It decides how many instruments a block has. */
  readonly memoryBytes?: number;
  /** Blocks by number in the order in which they are computed and delivered; ascending unless told. */
  readonly order?: (blocks: number) => readonly number[];
}

/** Blocks of a panel that is in memory. Shared columns are read where they lie, others are copied once. */
export async function* evaluateBlocks(
  graph: Graph,
  panel: Panel,
  options: WholeOptions = {},
): AsyncGenerator<EvaluatedBlock> {
  const { parallel, signal } = options;
  const rows = panel.time.days.length;
  const lanes = panel.instruments.length;
  if (rows === 0 || lanes === 0) return;
  const threads = parallel?.threads ?? 1;
  const widest = blockWidth({ ...options, outputs: graph.outputs.length, rows, threads });
  const width = Math.min(widest, Math.ceil(lanes / 4) * 4);
  const threaded = parallel !== undefined;
  const prepared = prepareProgram(graph, { rows, lanes: width }, { ...options, threaded });
  const { program } = prepared;
  const blocks = Math.ceil(lanes / width);
  const order = options.order?.(blocks) ?? Array.from({ length: blocks }, (_, block) => block);
  const whole = wholeSlot(program, panel, options);
  const broken = new BrokenBlocks(graph, panel, options);
  const placeOf = (block: number): BlockPlace => ({
    offset: block * width,
    instruments: Math.min(width, lanes - block * width),
  });
  const delivered = (place: BlockPlace, values: readonly Values[]): EvaluatedBlock => {
    broken.mend(values, place);
    const { offset } = place;
    const instruments = panel.instruments.slice(offset, offset + place.instruments);
    return { offset, instruments, columns: columnsOf(graph, values, options) };
  };
  if (parallel === undefined) {
    const computer = new BlockComputer(program, prepared.module);
    const results = resultsAt(program, computer.results, 0);
    for (const block of order) {
      signal?.throwIfAborted();
      const place = placeOf(block);
      computer.compute(whole, place);
      yield delivered(place, columnsOfBlock(program, results, place.instruments));
    }
    return;
  }
  const run = new BlockRun(threads);
  const results = new ThreadResults(prepared, run);
  run.loaded(order.length);
  run.ended();
  startRun(run, { prepared, slots: [whole], order: Int32Array.from(order) }, { parallel, signal });
  try {
    for (const [position, block] of order.entries()) {
      signal?.throwIfAborted();
      await run.until(() => run.isReady(position));
      const place = placeOf(block);
      const ready = run.placeOf(position);
      yield delivered(place, results.columns(ready, place.instruments));
      run.released(ready);
    }
  } finally {
    await run.stop();
  }
}

/** A panel of some instruments with a graph's values on it. */
export interface EvaluatedPanel<P extends Panel> {
  readonly market: P;
  /** Valid until the next panel is asked for. */
  readonly columns: readonly EvaluatedColumn[];
}

export interface StreamOptions extends Omit<BlockOptions, "precision"> {
  /** `own`: float32 for what is exactly that, else float64, as between phases. */
  readonly precision?: "f32" | "f64" | "own";
  /** `js`, the reference, computes on the calling thread. */
  readonly backend?: Backend;
}

/**
 * Panels that arrive one after the other, of equal rows and with at most as many instruments as the first one: each becomes
 * a block. They are asked for while others are computed, a few ahead.
 */
export async function* evaluatePanels<P extends Panel>(
  graph: Graph,
  panels: AsyncIterable<P>,
  options: StreamOptions = {},
): AsyncGenerator<EvaluatedPanel<P>> {
  const { parallel, signal } = options;
  if (parallel === undefined || options.backend === "js" || graph.outputs.length === 0) {
    for await (const market of panels) {
      signal?.throwIfAborted();
      yield { market, columns: evaluatePhase(graph, market, options) };
    }
    return;
  }
  const source = panels[Symbol.asyncIterator]();
  const head = await source.next();
  if (head.done === true) return;
  const lanes = Math.max(4, Math.ceil(head.value.instruments.length / 4) * 4);
  const shape = { rows: head.value.time.days.length, lanes };
  const precision = options.precision === "own" ? "f64" : (options.precision ?? "f32");
  const prepared = prepareProgram(graph, shape, { ...options, precision, threaded: true });
  const { program } = prepared;
  const like = inputValues(program, head.value, options);
  const slots = Array.from({ length: parallel.threads + 2 }, () => emptySlot(program, like));
  const run = new BlockRun(parallel.threads);
  const results = new ThreadResults(prepared, run);
  const arrived = new Map<number, P>();
  let count = Number.POSITIVE_INFINITY;
  const load = async (): Promise<void> => {
    let next: IteratorResult<P> = head;
    let position = 0;
    for (; next.done !== true; position++) {
      const before = position - slots.length;
      if (before >= 0 && !(await run.isComputed(before))) return;
      if (run.isStopped) return;
      const market = next.value;
      const values = position === 0 ? like : inputValues(program, market, options);
      fillSlot(slots[position % slots.length]!, market, values);
      arrived.set(position, market);
      run.loaded(position + 1);
      next = await source.next();
    }
    count = position;
    run.ended();
  };
  startRun(run, { prepared, slots, order: null }, { parallel, signal });
  const loading = load().catch((reason: unknown) => run.fail(reason));
  try {
    for (let position = 0; ; position++) {
      signal?.throwIfAborted();
      await run.until(() => run.isReady(position) || position >= count);
      if (position >= count) return;
      const market = arrived.get(position)!;
      arrived.delete(position);
      const ready = run.placeOf(position);
      const values = results.columns(ready, market.instruments.length);
      mendBrokenLines(graph, market, { values, origins: options });
      yield { market, columns: columnsOf(graph, values, options) };
      run.released(ready);
    }
  } finally {
    await run.stop();
    await loading;
    await source.return?.();
  }
}

function startRun(
  run: BlockRun,
  task: {
    readonly prepared: PreparedProgram;
    readonly slots: readonly InputSlot[];
    readonly order: Int32Array | null;
  },
  by: { readonly parallel: Parallel; readonly signal: AbortSignal | undefined },
): void {
  const { prepared, ...rest } = task;
  const { key, module, portable: program } = prepared;
  run.start(by.parallel, { program, key, module, ...rest }, by.signal);
}

/** What threads have computed, read where it lies in their memory. */
class ThreadResults {
  readonly #prepared: PreparedProgram;
  readonly #run: BlockRun;
  readonly #known = new Map<string, readonly Values[]>();

  constructor(prepared: PreparedProgram, run: BlockRun) {
    this.#prepared = prepared;
    this.#run = run;
  }

  columns({ thread, area }: ReadyPlace, instruments: number): readonly Values[] {
    const { program } = this.#prepared;
    const key = `${thread} ${area}`;
    let results = this.#known.get(key);
    if (results === undefined) {
      results = resultsAt(program, this.#run.memoryOf(thread), area);
      this.#known.set(key, results);
    }
    return columnsOfBlock(program, results, instruments);
  }
}

function columnsOf(
  { nodes, outputs }: Graph,
  values: readonly Values[],
  { precision }: StreamOptions,
): EvaluatedColumn[] {
  return outputs.map(({ name, node }, index) => {
    const { type, reach } = nodes[node]!;
    const isNarrow = precision === "own" && type !== "f64" && type !== "i64";
    return {
      name,
      values: isNarrow ? Float32Array.from(values[index]!) : values[index]!,
      type,
      lookBack: lookBackOf(reach),
      lookAhead: lookAheadOf(reach),
    };
  });
}
