import type { Recurrence } from "#kernels/recurrence/recurrence";
import type { AppliedOperator } from "../ir/node.ts";
import type { BlockData } from "./block-memory.ts";
import type { BlockProgram, VectorRecurrence } from "./block-program.ts";

/**
 * What a run needs to go on from a row without the rows before: the state of every recurrence, a few float64 numbers an
 * instrument. The rest is read again from the inputs' last rows. A recurrence whose results stand in windows is kept as
 * of a row so much earlier that the windows can be filled.
 */
export interface Checkpoint {
  /** First row, of the block, of a run that resumes here. */
  readonly row: number;
  /** Numbers per instrument. */
  readonly width: number;
  /** `[instrument][number]`. */
  readonly states: Float64Array;
}

/** Where the recurrences of a program have their place in an instrument's state. */
export interface StatedRecurrences {
  readonly width: number;
  /** Those that reference kernels compute. */
  readonly byNode: ReadonlyMap<number, { readonly recurrence: Recurrence; readonly offset: number }>;
  /** Those of vector code, family by family. */
  readonly byFamily: ReadonlyMap<
    string,
    readonly { readonly recurrence: VectorRecurrence; readonly offset: number }[]
  >;
}

export function statedRecurrences({ plan, versions }: BlockProgram): StatedRecurrences {
  const { graph, stages } = plan;
  let width = 0;
  const take = (count: number): number => {
    width += count;
    return width - count;
  };
  const byNode = new Map<number, { recurrence: Recurrence; offset: number }>();
  for (const id of stages.flatMap(({ kernels }) => kernels).toSorted((a, b) => a - b)) {
    const node = graph.nodes[id]!;
    const recurrence = node.kind === "apply" ? recurrenceOf(node) : null;
    if (recurrence !== null) byNode.set(id, { recurrence, offset: take(recurrence.width) });
  }
  const byFamily = new Map(
    [...versions].map(([name, { complete }]) => [
      name,
      complete.recurrences.map((recurrence) => ({ recurrence, offset: take(recurrence.places.length) })),
    ]),
  );
  return { width, byNode, byFamily };
}

/** The operator as steps with a state of fixed size; null when it needs the rows themselves. */
export function recurrenceOf({ operator, arguments: rest }: AppliedOperator): Recurrence | null {
  return operator.recurrence?.(rest) ?? null;
}

/** Before any instrument was listed. */
export function firstCheckpoint({ width }: StatedRecurrences, instruments: number): Checkpoint {
  return { row: 0, width, states: new Float64Array(instruments * width) };
}

type Placed = { readonly recurrence: VectorRecurrence; readonly offset: number };
/** Reads or writes the states of the two lanes from `lane` on in the rings of a family. */
export type StateMove = (rings: Uint8Array, at: { readonly data: BlockData; readonly lane: number }) => void;

/** Puts states of a checkpoint where row `row` finds those of the row before. */
export function restoring(placed: Placed, checkpoint: Checkpoint, row: number): StateMove {
  return (rings, { data, lane }) => {
    for (const { at, index } of cells(placed, row)) {
      const numbers = new Float64Array(rings.buffer, rings.byteOffset + at, 2);
      for (let side = 0; side < 2 && lane + side < data.instruments; side++)
        numbers[side] = checkpoint.states[(lane + side) * checkpoint.width + index]!;
    }
  };
}

/** Keeps the states after the row before `row`, of instruments that are listed until the checkpoint at least. */
export function keeping(placed: Placed, checkpoint: Checkpoint, row: number): StateMove {
  return (rings, { data, lane }) => {
    for (const { at, index } of cells(placed, row)) {
      const numbers = new Float64Array(rings.buffer, rings.byteOffset + at, 2);
      for (let side = 0; side < 2 && lane + side < data.instruments; side++) {
        const [first, last] = [data.first[lane + side]!, data.last[lane + side]!];
        if (first < row && last >= checkpoint.row - 1)
          checkpoint.states[(lane + side) * checkpoint.width + index] = numbers[side]!;
      }
    }
  };
}

const RING_ROW = 16;

function* cells(
  { recurrence, offset }: Placed,

  row: number,
): Generator<{ readonly at: number; readonly index: number }> {
  for (const [number, ring] of recurrence.places.entries()) {
    if (ring === null) continue;
    yield { at: ring.offset + ((row - 1) & (ring.rows - 1)) * RING_ROW, index: offset + number };
  }
}
