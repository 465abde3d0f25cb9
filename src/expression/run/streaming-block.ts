import type { Graph } from "../ir/node.ts";
import { planBlocks, type BlockPlan, type PlanOptions } from "../plan/block-plan.ts";
import { kernelBack } from "./append-reach.ts";
import { BlockEngine } from "./block-engine.ts";
import { compileBlocks, QUAD } from "./block-program.ts";
import { recurrenceOf, type Checkpoint } from "./checkpoint.ts";

/**
 * One block program that is fed a row at a time. Memory holds the rows that windows reach and some more; when it is full,
 * the former move to the beginning. Recurrences go on from a checkpoint.
 */
export interface StreamedRow {
  /** Values of a field by instrument. */
  field(name: string): Float32Array | Float64Array;
  /** Whether an instrument has rows by now. Once it has, it keeps having them. */
  readonly listed: Readonly<Uint8Array>;
}

/** Rows between two moves. */
const SPARE_ROWS = 256;
const UNLISTED = 1e7;

export class StreamingBlock {
  readonly #engine: BlockEngine;
  readonly #instruments: number;
  readonly #kept: number;
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  /** Row that comes next. */
  #row = 0;
  #checkpoint: Checkpoint | undefined;

  constructor(graph: Graph, instruments: number, options: PlanOptions) {
    const plan = planBlocks(graph, options);
    this.#instruments = instruments;
    this.#kept = rowsKept(plan);
    const shape = {
      rows: this.#kept + SPARE_ROWS,
      lanes: Math.max(1, Math.ceil(instruments / QUAD)) * QUAD,
      results: 1,
    };
    this.#engine = new BlockEngine(compileBlocks(plan, shape));
    this.#first = new Int32Array(instruments).fill(UNLISTED);
    this.#last = new Int32Array(instruments).fill(-1);
  }

  /** The outputs of the row, each by instrument: views that hold until the next row. */
  push(row: StreamedRow): readonly (Float32Array | Float64Array)[] {
    const engine = this.#engine;
    const { plan, shape } = engine.program;
    if (this.#row === shape.rows) this.#moveUp();
    const from = this.#row;
    for (let lane = 0; lane < this.#instruments; lane++) {
      if (row.listed[lane] === 0) continue;
      if (this.#first[lane] === UNLISTED) this.#first[lane] = from;
      this.#last[lane] = from;
    }
    const names = new Map(plan.fields.map(({ node, name }) => [node, name]));
    engine.run(
      {
        instruments: this.#instruments,
        first: this.#first,
        last: this.#last,
        column: (node) => ({
          values: row.field(names.get(node)!),
          stride: 0,
          offset: 0,
        }),
      },
      {
        from,
        to: from + 1,
        continues: true,
        checkpoints: [from + 1],
        ...(this.#checkpoint === undefined ? {} : { resume: { ...this.#checkpoint, row: from } }),
      },
    );
    this.#checkpoint = engine.checkpoints[0]!;
    this.#row = from + 1;
    return plan.graph.outputs.map((_, index) => engine.output(index).subarray(0, this.#instruments));
  }

  #moveUp(): void {
    const away = this.#row - this.#kept;
    this.#engine.shift({ from: away, to: this.#row });
    this.#row = this.#kept;
    for (const [lane, first] of this.#first.entries()) {
      if (first === UNLISTED) continue;
      // Long ago is long ago.
      this.#first[lane] = Math.max(first - away, -UNLISTED / 10);
      this.#last[lane]! -= away;
    }
  }
}

/** Rows before the next one that some window of a family or kernel reaches. */
function rowsKept({ graph, stages }: BlockPlan): number {
  let rows = 0;
  for (const { families, kernels } of stages) {
    for (const { reach } of families) rows = Math.max(rows, reach);
    for (const id of kernels) {
      const node = graph.nodes[id]!;
      if (node.kind === "apply" && recurrenceOf(node) === null)
        rows = Math.max(rows, kernelBack(graph, node));
    }
  }
  return rows + 1;
}
