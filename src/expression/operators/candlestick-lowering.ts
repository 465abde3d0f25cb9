import type { Vector } from "#kernels/wasm/vector-graph";
import { patterns } from "#kernels/candlestick/catalogue";
import { patternDefinitions } from "#kernels/candlestick/definitions/definitions";
import { Sketch, type Algebra, type Facts } from "#kernels/candlestick/definitions/sketch";
import type { Pattern } from "#kernels/candlestick/pattern";
import { SHORTEST_AVERAGE } from "#kernels/candlestick/presence";
import type { LoweringContext } from "../lower/context.ts";
import type { Lowering } from "../lower/lowering.ts";

/** Candlestick patterns as vector code, made from their definitions. Means are summed oldest bar first, as the kernels do. */
export const candlestickLowerings: Readonly<Record<string, Lowering>> = Object.fromEntries(
  patterns.map((pattern) => [pattern.name, loweringFor(pattern)]),
);

function loweringFor(pattern: Pattern): Lowering {
  return {
    windowed: true,
    operations: 25,
    back: () => pattern.lookBack,
    lower(context, node) {
      const { vectors } = context;
      const bars = new VectorBars(context, node.inputs);
      const [penetration = pattern.penetration ?? 0] = node.arguments as readonly number[];
      const sketch = new Sketch(algebraOf(context), (back) => bars.facts(back), penetration);
      const value = patternDefinitions.get(pattern.name)!(sketch);
      const known = vectors.and(context.exists(pattern.lookBack), bars.areKnown(pattern));
      return vectors.select(known, value, vectors.constant(Number.NaN));
    },
  };
}

function algebraOf({ vectors }: LoweringContext): Algebra<Vector, Vector> {
  return {
    number: (value) => vectors.constant(value),
    add: (a, b) => vectors.add(a, b),
    sub: (a, b) => vectors.sub(a, b),
    mul: (a, b) => vectors.mul(a, b),
    abs: (a) => vectors.abs(a),
    lt: (a, b) => vectors.compare("lt", a, b),
    le: (a, b) => vectors.compare("le", a, b),
    and: (a, b) => vectors.and(a, b),
    or: (a, b) => vectors.or(a, b),
    not: (a) => vectors.not(a),
    select: (condition, yes, no) => vectors.select(condition, yes, no),
  };
}

class VectorBars {
  readonly #context: LoweringContext;
  readonly #prices: readonly [open: Vector, high: Vector, low: Vector, close: Vector];
  readonly #present: Vector;

  constructor(context: LoweringContext, inputs: readonly number[]) {
    const streams = inputs.map((id) => context.stream(id));
    const [open, high, low, close] = streams.map(({ value }) => value);
    this.#context = context;
    this.#prices = [open!, high!, low!, close!];
    this.#present = streams
      .map(({ present }) => present)
      .reduce((all, each) => context.vectors.and(all, each));
  }

  facts(back: number): Facts<Vector> {
    const { vectors } = this.#context;
    const [now, then] = [this.#prices, this.#prices.map((price) => vectors.lagged(price, back))];
    const [open, high, low, close] = now;
    const isWhite = vectors.compare("le", open, close);
    const upper = vectors.sub(high, vectors.select(isWhite, close, open));
    const lower = vectors.sub(vectors.select(isWhite, open, close), low);
    const [body, range] = [vectors.abs(vectors.sub(close, open)), vectors.sub(high, low)];
    const mean = (measure: Vector, rows: number): Vector =>
      vectors.lagged(this.#meanBefore(measure, rows), back);
    return {
      open: then[0]!,
      high: then[1]!,
      low: then[2]!,
      close: then[3]!,
      body10: mean(body, 10),
      range10: mean(range, 10),
      range5: mean(range, 5),
      shadows10: mean(vectors.add(upper, lower), 10),
    };
  }

  /** All bars of the pattern are there, and one at least of those that its averages rest on. */
  areKnown({ bars, lookBack }: Pattern): Vector {
    const { vectors } = this.#context;
    const present = (back: number): Vector => vectors.lagged(this.#present, back);
    const own = Array.from({ length: bars }, (_, back) => present(back));
    const all = own.reduce((met, each) => vectors.and(met, each));
    if (lookBack - bars + 1 < SHORTEST_AVERAGE) return all;
    const base = Array.from({ length: SHORTEST_AVERAGE }, (_, index) => present(bars + index));
    return vectors.and(
      all,
      base.reduce((met, each) => vectors.or(met, each)),
    );
  }

  #meanBefore(measure: Vector, rows: number): Vector {
    const { vectors } = this.#context;
    const lags = Array.from({ length: rows }, (_, index) => rows - index);
    const kept = vectors.keep(this.#present, measure);
    const sum = lags
      .map((lag) => vectors.lagged(kept, lag))
      .reduce((total, each) => vectors.add(total, each));
    return vectors.div(sum, vectors.tally(lags.map((lag) => vectors.lagged(this.#present, lag))));
  }
}
