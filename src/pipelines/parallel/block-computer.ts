import { BlockEngine } from "#expression/run/block-engine";
import type { BlockData } from "#expression/run/block-memory";
import type { BlockProgram } from "#expression/run/block-program";

export type Values = Float32Array | Float64Array;

/** Where the inputs of blocks lie: the program's fields and given nodes, in its order. */
export interface BlockInputs {
  readonly first: Int32Array;
  readonly last: Int32Array;
  /** `values[row * stride + offset + lane]`. */
  readonly columns: readonly Values[];
  readonly stride: number;
}

/** The instruments of a block among those of its inputs. */
export interface BlockPlace {
  readonly offset: number;
  readonly instruments: number;
}

/** Nodes whose values a program reads, in the order of `BlockInputs.columns`. */
export function inputNodes({ plan }: BlockProgram): readonly number[] {
  return [...plan.fields.map(({ node }) => node), ...plan.given];
}

/** Bytes of one instrument's results. */
export function bytesPerLane({ plan, shape }: BlockProgram): number {
  return plan.graph.outputs.length * shape.rows * (plan.precision === "f32" ? 4 : 8);
}

/** One thread's engine with the way from inputs to it and from it to panel columns. */
export class BlockComputer {
  readonly #engine: BlockEngine;
  readonly #column: ReadonlyMap<number, number>;

  constructor(program: BlockProgram, module: WebAssembly.Module) {
    this.#engine = new BlockEngine(program, module);
    this.#column = new Map(inputNodes(program).map((node, index) => [node, index]));
  }

  compute(inputs: BlockInputs, place: BlockPlace): void {
    this.#engine.run(this.#dataOf(inputs, place));
  }

  /**
   * Computes a block and copies its outputs one after the other, each `[row][instrument]`: chunk by chunk while they are in
   * the cache, where the program allows that.
   */
  computeInto(target: Values, inputs: BlockInputs, place: BlockPlace): void {
    const { plan, shape } = this.#engine.program;
    const { instruments } = place;
    const size = shape.rows * instruments;
    this.#engine.run(this.#dataOf(inputs, place), {
      consume: ({ from, to }) => {
        for (const index of plan.graph.outputs.keys()) {
          const own = this.#engine.output(index);
          const start = index * size + from * instruments;
          if (instruments === shape.lanes) target.set(own, start);
          else narrowed(own, target.subarray(start, start + (to - from) * instruments), shape.lanes);
        }
      },
    });
  }

  #dataOf(inputs: BlockInputs, { offset, instruments }: BlockPlace): BlockData {
    const { stride, columns } = inputs;
    return {
      instruments,
      first: inputs.first.subarray(offset, offset + instruments),
      last: inputs.last.subarray(offset, offset + instruments),
      column: (node) => ({ values: columns[this.#column.get(node)!]!, stride, offset }),
    };
  }

  /** The outputs of the last block, each `[row][instrument]`; those of a full block are the engine's own until the next. */
  results(instruments: number): Values[] {
    const { plan, shape } = this.#engine.program;
    return plan.graph.outputs.map((_, index) => {
      const own = this.#engine.output(index);
      if (instruments === shape.lanes) return own;
      const size = shape.rows * instruments;
      const narrow = plan.precision === "f32" ? new Float32Array(size) : new Float64Array(size);
      narrowed(own, narrow, shape.lanes);
      return narrow;
    });
  }
}

/** Takes the instruments in use out of rows of `lanes`. */
function narrowed(own: Values, target: Values, lanes: number): void {
  const rows = own.length / lanes;
  const instruments = target.length / rows;
  for (let row = 0; row < rows; row++) {
    for (let lane = 0; lane < instruments; lane++)
      target[row * instruments + lane] = own[row * lanes + lane]!;
  }
}
