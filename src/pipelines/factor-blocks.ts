import type { Graph } from "#expression/ir/node";
import { BlockEngine } from "#expression/run/block-engine";
import { statedRecurrences, type Checkpoint } from "#expression/run/checkpoint";
import { fieldsOfLines, mendBrokenLines } from "#expression/run/broken-lines";
import { fieldColumns } from "#expression/run/fields";
import { blockProgram, type ProgramCache } from "#expression/run/program-cache";
import { formatExpression } from "#expression/syntax/format";
import { LANES_PER_BLOCK, type RowRange } from "#data/store/panel-store";
import type { Column, Panel } from "#panel/panel";

export interface FactorBlocksOptions {
  readonly rows: number;
  readonly precision: "f32" | "f64";
  /** Where programs are kept beyond the process. */
  readonly programs?: ProgramCache;
  /**
   * Compiles for some more rows than there are, so that a store that has grown by a day finds the program it had. The
   * results of a run over all rows then have gaps between them in memory.
   */
  readonly canGrow?: boolean;
}

/** What programs that can grow are compiled for: a multiple of so many rows. */
const ROW_STEP = 64;

/** Rows to compute, from a checkpoint of their first one where that is not enough to know, and checkpoints to keep. */
export interface BlockRequest extends RowRange {
  readonly resume?: Checkpoint;
  readonly checkpoints?: readonly number[];
}

export interface ComputedBlock {
  /** `[row − from][lane]`, in the order in which they lie in memory. */
  readonly columns: readonly Column[];
  readonly checkpoints: readonly Checkpoint[];
}

/**
 * Factors computed block by block where a store block lies: the results of one block stay in place while the next one is
 * computed beside them, so that they can be written from there. For graphs that stay within one instrument.
 */
export class FactorBlocks {
  readonly names: readonly string[];
  /** Lower-case names of the fields read. */
  readonly fields: ReadonlySet<string>;
  /** Rows before its own that a value depends on; Infinity when all earlier ones. */
  readonly lookBack: number;
  /** The same of a run that resumes at a checkpoint. */
  readonly resumedLookBack: number;
  /** Numbers of an instrument in a checkpoint. */
  readonly stateWidth: number;
  /** Canonical expressions, which tell what a checkpoint belongs to. */
  readonly meaning: string;
  /**
   * Fields under Slope, Rsquare or Resi. Such a line never recovers from ±inf, so that where one of these fields holds
   * one, earlier rows than the look-back count.
   */
  readonly lineFields: ReadonlySet<string>;
  readonly #graph: Graph;
  readonly #order: readonly number[];
  readonly #engines: readonly BlockEngine[];
  readonly #rows: number;
  #turn = 0;

  constructor(graph: Graph, { rows, canGrow = false, ...options }: FactorBlocksOptions) {
    const shape = {
      rows: canGrow ? Math.ceil(rows / ROW_STEP) * ROW_STEP : rows,
      lanes: LANES_PER_BLOCK,
    };
    const program = blockProgram(graph, { ...options, shape });
    if (program.plan.given.length > 0) throw new RangeError("the graph reaches beyond one instrument");
    const module = new WebAssembly.Module(program.bytes);
    this.#graph = graph;
    this.#rows = rows;
    this.#engines = [new BlockEngine(program, module), new BlockEngine(program, module)];
    this.#order = graph.outputs
      .map((_, index) => index)
      .sort((a, b) => program.places[a]! - program.places[b]!);
    this.names = graph.outputs.map(({ name }) => name);
    this.fields = new Set(program.plan.fields.map(({ name }) => name.toLowerCase()));
    this.lookBack = this.#engines[0]!.lookBack;
    this.resumedLookBack = this.#engines[0]!.resumedLookBack;
    this.stateWidth = statedRecurrences(program).width;
    this.meaning = graph.outputs.map(({ tree }) => formatExpression(tree)).join("; ");
    this.lineFields = new Set([...fieldsOfLines(graph)].map((name) => name.toLowerCase()));
  }

  /** Columns stay until the second call after this one. The panel has the lanes of a store block. */
  compute(panel: Panel, request: BlockRequest): ComputedBlock {
    const { from, to, resume, checkpoints = [] } = request;
    const engine = this.#engines[this.#turn]!;
    this.#turn = 1 - this.#turn;
    const named = fieldColumns(panel);
    const { fields } = engine.program.plan;
    const columns = new Map(fields.map(({ node, name }) => [node, named.get(name.toLowerCase())!]));
    engine.run(
      {
        instruments: LANES_PER_BLOCK,
        first: panel.first,
        last: panel.last,
        column: (node) => ({ values: columns.get(node)!, stride: LANES_PER_BLOCK, offset: 0 }),
      },
      { from, to, checkpoints, ...(resume === undefined ? {} : { resume }) },
    );
    const values = this.names.map((_, index) => engine.output(index));
    if (from === 0 && to === this.#rows) mendBrokenLines(this.#graph, panel, { values, origins: {} });
    return {
      columns: this.#order.map((index) => ({ name: this.names[index]!, values: values[index]! })),
      checkpoints: engine.checkpoints,
    };
  }
}

/** Whether a column of the panel holds ±inf inside an instrument's span. */
export function holdsInfinity(panel: Panel, names: ReadonlySet<string>): boolean {
  const lanes = panel.instruments.length;
  const columns = fieldColumns(panel);
  for (const name of names) {
    const values = columns.get(name)!;
    for (let at = 0; at < values.length; at++) {
      if (Math.abs(values[at]!) !== Number.POSITIVE_INFINITY) continue;
      const [row, lane] = [Math.floor(at / lanes), at % lanes];
      if (panel.first[lane]! <= row && row <= panel.last[lane]!) return true;
    }
  }
  return false;
}
