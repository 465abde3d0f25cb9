import type { TaskThread } from "#kernels/parallel";
import { BlockComputer, type BlockInputs, type Values } from "./block-computer.ts";
import { unpackProgram, type PortableProgram } from "./portable-program.ts";

/**
 * The share of one thread in the blocks of a market. Positions are handed out by an atomic counter and delivered in order;
 * results of position p go to buffer p mod K, which is free once position p − K has been read by the consumer. The thread
 * with the lowest position under way never waits for another, so nothing can lock up.
 */
export interface BlockTask {
  readonly program: PortableProgram;
  readonly module: WebAssembly.Module;
  readonly control: Int32Array<SharedArrayBuffer>;
  /** Position p reads slot p mod S; a market that is in memory as a whole is the only slot. */
  readonly slots: readonly InputSlot[];
  readonly results: readonly Values[];
  /** Block numbers by position, when blocks are parts of one slot. */
  readonly order: Int32Array | null;
}

export interface InputSlot extends BlockInputs {
  /** Instruments in use, one cell; all of them when the market is in memory as a whole. */
  readonly instruments: Int32Array;
}

/** A posted message: the position is computed, or in its result buffer. */
export interface BlockReport {
  readonly kind: "computed" | "ready";
  readonly position: number;
}

/** Cells of `control`. */
export const NEXT = 0;
/** Positions whose inputs are there. */
export const LOADED = 1;
/** 1 when no further inputs will come. */
export const ENDED = 2;
/** Positions that the consumer has read. */
export const RELEASED = 3;
export const CONTROL_CELLS = 4;

export function computeBlocks(input: unknown, { gate, post }: TaskThread): void {
  const { control, module, order, results, slots, ...task } = input as BlockTask;
  const program = unpackProgram(task.program);
  const computer = new BlockComputer(program, module);
  const report = (kind: BlockReport["kind"], position: number): void =>
    post({ kind, position } satisfies BlockReport);
  for (;;) {
    const position = Atomics.add(control, NEXT, 1);
    const isThere = (): boolean => Atomics.load(control, LOADED) > position;
    if (!gate.wait(() => isThere() || Atomics.load(control, ENDED) === 1)) return;
    if (!isThere()) return;
    const slot = slots[position % slots.length]!;
    const used = slot.instruments[0]!;
    const offset = order === null ? 0 : order[position]! * program.shape.lanes;
    const instruments = Math.min(program.shape.lanes, used - offset);
    if (!gate.wait(() => position < Atomics.load(control, RELEASED) + results.length)) return;
    computer.computeInto(results[position % results.length]!, slot, { offset, instruments });
    report("computed", position);
    report("ready", position);
  }
}
