import type { ResultMemory } from "#expression/run/block-engine";
import type { TaskThread } from "#kernels/parallel";
import { BlockComputer, type BlockInputs } from "./block-computer.ts";
import { unpackProgram, type PortableProgram } from "#expression/run/portable-program";

/**
 * The share of one thread in the blocks of a market. Every thread computes in a memory of its own that the consumer can
 * read, into the areas for results there in turn; an area is free again once the consumer has read it. With a free area at
 * hand a thread takes the next position from an atomic counter, so the thread with the lowest position under way never
 * waits for another, and nothing can lock up.
 */
export interface BlockTask {
  readonly program: PortableProgram;
  /** The same for equal programs: a thread keeps its memory from one run to the next. */
  readonly key: number;
  readonly module: WebAssembly.Module;
  readonly control: Int32Array<SharedArrayBuffer>;
  /** Position p reads slot p mod S; a market that is in memory as a whole is the only slot. */
  readonly slots: readonly InputSlot[];
  /** Block numbers by position, when blocks are parts of one slot. */
  readonly order: Int32Array | null;
}

export interface InputSlot extends BlockInputs {
  /** Instruments in use, one cell; all of them when the market is in memory as a whole. */
  readonly instruments: Int32Array;
}

/** A posted message: where a thread has its results, and which position is in which of its areas. */
export type BlockReport =
  | { readonly kind: "memory"; readonly thread: number; readonly memory: ResultMemory }
  | ({ readonly kind: "ready"; readonly position: number } & ReadyPlace);

export interface ReadyPlace {
  readonly thread: number;
  readonly area: number;
}

/** Cells of `control`. */
export const NEXT = 0;
/** Positions whose inputs are there. */
export const LOADED = 1;
/** 1 when no further inputs will come. */
export const ENDED = 2;
/** By thread: how many of its blocks the consumer has read. */
export const RELEASED = 3;

interface Kept {
  readonly key: number;
  readonly computer: BlockComputer;
}

let kept: Kept | null = null;

export function computeBlocks(input: unknown, { gate, index: thread, post }: TaskThread): void {
  const { control, key, module, order, slots, program } = input as BlockTask;
  const { lanes, areas = 1 } = program.program.shape;
  const report = (message: BlockReport): void => post(message);
  if (kept?.key !== key) {
    kept = null;
    kept = { key, computer: new BlockComputer(unpackProgram(program), module) };
  }
  const { computer } = kept;
  report({ kind: "memory", thread, memory: computer.results });
  for (let own = 0; ; own++) {
    if (!gate.wait(() => own < Atomics.load(control, RELEASED + thread) + areas)) return;
    const position = Atomics.add(control, NEXT, 1);
    const isThere = (): boolean => Atomics.load(control, LOADED) > position;
    if (!gate.wait(() => isThere() || Atomics.load(control, ENDED) === 1)) return;
    if (!isThere()) return;
    const slot = slots[position % slots.length]!;
    const offset = order === null ? 0 : order[position]! * lanes;
    const instruments = Math.min(lanes, slot.instruments[0]! - offset);
    const area = own % areas;
    computer.compute(slot, { offset, instruments }, area);
    report({ kind: "ready", position, thread, area });
  }
}
