import { BlockEngine } from "#expression/run/block-engine";
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

  compute(inputs: BlockInputs, { offset, instruments }: BlockPlace): void {
    const { stride, columns } = inputs;
    this.#engine.run({
      instruments,
      first: inputs.first.subarray(offset, offset + instruments),
      last: inputs.last.subarray(offset, offset + instruments),
      column: (node) => ({ values: columns[this.#column.get(node)!]!, stride, offset }),
    });
  }

  /** The outputs of the last block, each `[row][instrument]`; those of a full block are the engine's own until the next. */
  results(instruments: number): Values[] {
    const { plan, shape } = this.#engine.program;
    return plan.graph.outputs.map((_, index) => {
      const own = this.#engine.output(index);
      if (instruments === shape.lanes) return own;
      const size = shape.rows * instruments;
      const narrow = plan.precision === "f32" ? new Float32Array(size) : new Float64Array(size);
      this.#narrow(own, narrow, instruments);
      return narrow;
    });
  }

  /** Copies the outputs of the last block one after the other. */
  copyTo(target: Values, instruments: number): void {
    const { plan, shape } = this.#engine.program;
    const size = shape.rows * instruments;
    for (const index of plan.graph.outputs.keys()) {
      const own = this.#engine.output(index);
      const place = target.subarray(index * size, (index + 1) * size);
      if (instruments === shape.lanes) place.set(own);
      else this.#narrow(own, place, instruments);
    }
  }

  #narrow(own: Values, target: Values, instruments: number): void {
    const { rows, lanes } = this.#engine.program.shape;
    for (let row = 0; row < rows; row++) {
      for (let lane = 0; lane < instruments; lane++)
        target[row * instruments + lane] = own[row * lanes + lane]!;
    }
  }
}
