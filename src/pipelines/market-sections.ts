import type { Graph } from "#expression/ir/node";
import type { Phase } from "#expression/plan/phases";
import { computeSections, type Values } from "#expression/run/cross-section";
import type { Backend, EvaluationOptions } from "#expression/run/evaluate";
import type { ProgramCache } from "#expression/run/program-cache";
import type { Parallel } from "#kernels/parallel";
import { panelOf, type Column, type Panel } from "#panel/panel";
import type { Role } from "#panel/roles";
import { evaluatePanels, type EvaluatedPanel } from "./parallel/evaluate-blocks.ts";

export interface SectionRun {
  readonly backend?: Backend;
  readonly parallel?: Parallel;
  readonly signal?: AbortSignal;
  readonly programs?: ProgramCache;
}

/**
 * What operators across instruments need of a whole market that is computed group by group: the operands and results that
 * are still to be read, rows × instruments of the universe, float32 where that is exact and else float64. Nothing else
 * of the market is kept.
 */
export class MarketSections {
  readonly #instruments: readonly string[];
  readonly #lanes: ReadonlyMap<string, number>;
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #options: EvaluationOptions;
  readonly #columns = new Map<string, Values>();

  constructor(universe: readonly string[], options: EvaluationOptions) {
    this.#instruments = universe;
    this.#lanes = new Map(universe.map((id, lane) => [id, lane]));
    this.#first = new Int32Array(universe.length);
    this.#last = new Int32Array(universe.length).fill(-1);
    this.#options = options;
  }

  /** Computes a phase's operands for groups that arrive in the universe's order; called after each with its size. */
  async take(
    phase: Phase,
    markets: AsyncIterable<Panel<"market">>,
    run: SectionRun & { readonly onGroup: (instruments: number) => void },
  ): Promise<void> {
    const width = this.#instruments.length;
    let from = 0;
    for await (const { market, columns } of this.evaluate(phase.graph, markets, {
      ...run,
      precision: "own",
    })) {
      this.#first.set(market.first, from);
      this.#last.set(market.last, from);
      const rows = market.time.days.length;
      const lanes = market.instruments.length;
      for (const { name, values } of columns) {
        const whole = this.#columnFor(name, values, rows * width);
        for (let row = 0; row < rows; row++) {
          whole.set(values.subarray(row * lanes, (row + 1) * lanes), row * width + from);
        }
      }
      from += lanes;
      run.onGroup(lanes);
    }
  }

  /** Computes a phase's sections, once every group is there. */
  finish(phase: Phase): void {
    const universe = { instruments: this.#instruments, first: this.#first, last: this.#last };
    computeSections(phase, this.#columns, universe);
  }

  /** A graph's outputs for groups, with the results of earlier phases; valid until the next group is asked for. */
  async *evaluate(
    graph: Graph,
    markets: AsyncIterable<Panel<"market">>,
    run: SectionRun & { readonly precision: "f32" | "f64" | "own" },
  ): AsyncGenerator<EvaluatedPanel<Panel<"market">>> {
    const { foreign } = this.#options;
    const options = {
      ...this.#options,
      ...run,
      ...(foreign === undefined ? {} : { foreign: this.#extended(foreign, graph) }),
    };
    const originals = new WeakMap<Panel, Panel<"market">>();
    const extend = (market: Panel<"market">): Panel<"market"> => {
      const extended = this.#extended(market, graph);
      originals.set(extended, market);
      return extended;
    };
    for await (const { market, columns } of evaluatePanels(graph, mapped(markets, extend), options))
      yield { market: originals.get(market)!, columns };
  }

  #columnFor(name: string, like: Values, size: number): Values {
    let column = this.#columns.get(name);
    if (column === undefined) {
      column = like instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
      this.#columns.set(name, column);
    }
    return column;
  }

  /** A panel of some instruments of the universe with the results that a graph reads. */
  #extended<R extends Role>(panel: Panel<R>, graph: Graph): Panel<R> {
    const read = graph.nodes.flatMap((node) =>
      node.kind === "field" && this.#columns.has(node.name) ? [node.name] : [],
    );
    if (read.length === 0) return panel;
    const lanes = Int32Array.from(panel.instruments, (id) => this.#lanes.get(id)!);
    const adjoining = lanes.every((lane, at) => lane === lanes[0]! + at);
    const rows = panel.time.days.length;
    const results = read.map((name): Column => {
      const whole = this.#columns.get(name)!;
      const values = new Float64Array(rows * lanes.length);
      for (let row = 0; row < rows; row++) {
        const day = whole.subarray(row * this.#instruments.length, (row + 1) * this.#instruments.length);
        const from = row * lanes.length;
        if (adjoining) values.set(day.subarray(lanes[0], lanes[0]! + lanes.length), from);
        else for (let lane = 0; lane < lanes.length; lane++) values[from + lane] = day[lanes[lane]!]!;
      }
      return { name, values };
    });
    const own = [...panel.columns.values()].filter(({ name }) => !read.includes(name));
    return panelOf({ ...panel, columns: [...own, ...results] });
  }
}

async function* mapped<From, To>(items: AsyncIterable<From>, map: (item: From) => To): AsyncGenerator<To> {
  for await (const item of items) yield map(item);
}
