import { BlockEngine, outputOf, type ResultMemory } from "#expression/run/block-engine";
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

/** One thread's engine with the way from inputs to it. */
export class BlockComputer {
  readonly #engine: BlockEngine;
  readonly #column: ReadonlyMap<number, number>;

  constructor(program: BlockProgram, module: WebAssembly.Module) {
    this.#engine = new BlockEngine(program, module);
    this.#column = new Map(inputNodes(program).map((node, index) => [node, index]));
  }

  /** Where the results lie, area by area. */
  get results(): ResultMemory {
    return this.#engine.results;
  }

  compute(inputs: BlockInputs, place: BlockPlace, area = 0): void {
    this.#engine.run(this.#dataOf(inputs, place), { area });
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
}

/** The outputs of an area of results, each `[row][lane]`: where they lie. */
export function resultsAt(program: BlockProgram, memory: ResultMemory, area: number): Values[] {
  const { plan, shape } = program;
  return plan.graph.outputs.map((_, index) => outputOf(program, memory, { index, area, rows: shape.rows }));
}

/** Results as columns of some instruments, `[row][instrument]`: of all lanes as they are, of fewer copied. */
export function columnsOfBlock(
  { plan, shape }: BlockProgram,
  results: readonly Values[],
  instruments: number,
): readonly Values[] {
  if (instruments === shape.lanes) return results;
  return results.map((own) => {
    const size = shape.rows * instruments;
    const narrow = plan.precision === "f32" ? new Float32Array(size) : new Float64Array(size);
    narrowed(own, narrow, shape.lanes);
    return narrow;
  });
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
