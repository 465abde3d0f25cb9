import type { Vector } from "#kernels/wasm/vector-graph";
import type { LoweringContext, Stream } from "./context.ts";
import { isPlainWindow, windowRows, type Lowering } from "./lowering.ts";
import { presentSum, windowCount } from "./sums.ts";
import type { TreeRule } from "./window-tree.ts";

/**
 * Mean and sum of squares over windows that merge (Chan, Golub, LeVeque 1983), the mean taken relative to the newest
 * value, so that nothing cancels and a window of equal values has exactly zero spread:
 *   δ = (μ_B + x[t−a] − x[t]) − μ_A    μ = μ_A + δ·b/n    M₂ = M₂A + M₂B + δ²·ab/n
 * and for lines over time the same with the mean age p and the co-moments with age.
 */
export interface Moments extends Readonly<Record<string, Vector>> {
  readonly count: Vector;
  /** Mean minus the newest value. */
  readonly mean: Vector;
  readonly squares: Vector;
}

export interface Ages extends Readonly<Record<string, Vector>> {
  readonly age: Vector;
  readonly ages: Vector;
  readonly product: Vector;
}

export function inverse({ vectors }: LoweringContext, count: Vector): Vector {
  const one = vectors.constant(1);
  return vectors.div(one, vectors.compute("pmax", count, one));
}

/** The last values minus today's, 0 where missing. */
export function steps(context: LoweringContext, { filled, present }: Stream, rows: number): Vector[] {
  const { vectors } = context;
  return Array.from({ length: rows - 1 }, (_, index) =>
    vectors.keep(vectors.lagged(present, index + 1), vectors.sub(vectors.lagged(filled, index + 1), filled)),
  );
}

export function total(context: LoweringContext, terms: readonly Vector[]): Vector {
  return terms.reduce((sum, term) => context.vectors.add(sum, term));
}

export function momentsRule(context: LoweringContext, stream: Stream): TreeRule<Moments> {
  const { vectors } = context;
  const { filled, present } = stream;
  return {
    key: `moments ${filled.id} ${present.id}`,
    leaf(rows) {
      const count = windowCount(context, present, rows);
      if (rows === 1) return { count, mean: vectors.constant(0), squares: vectors.constant(0) };
      const differences = steps(context, stream, rows);
      const mean = vectors.mul(total(context, differences), inverse(context, count));
      const squares = [vectors.keep(present, vectors.mul(mean, mean))];
      for (const [index, difference] of differences.entries()) {
        const deviation = vectors.sub(difference, mean);
        squares.push(vectors.keep(vectors.lagged(present, index + 1), vectors.mul(deviation, deviation)));
      }
      return { count, mean, squares: total(context, squares) };
    },
    merge(newer, older, rows) {
      const { count, delta, share, weight } = step(context, { stream, newer, older, rows });
      return {
        count,
        mean: vectors.add(newer.mean, vectors.mul(delta, share)),
        squares: total(context, [
          newer.squares,
          older.squares,
          vectors.mul(delta, vectors.mul(delta, weight)),
        ]),
      };
    },
  };
}

/** What every merge needs: δ, b/n and ab/n. */
export function step(
  context: LoweringContext,
  parts: {
    readonly stream: Stream;
    readonly newer: Moments;
    readonly older: Moments;
    readonly rows: number;
  },
): { readonly count: Vector; readonly delta: Vector; readonly share: Vector; readonly weight: Vector } {
  const { vectors } = context;
  const { newer, older, rows } = parts;
  const { filled } = parts.stream;
  const count = vectors.add(newer.count, older.count);
  const share = vectors.mul(older.count, inverse(context, count));
  const moved = vectors.add(older.mean, vectors.sub(vectors.lagged(filled, rows), filled));
  return {
    count,
    delta: vectors.sub(moved, newer.mean),
    share,
    weight: vectors.mul(newer.count, share),
  };
}

export function momentsOf(context: LoweringContext, stream: Stream, rows: number): Moments {
  return context.trees.summary(momentsRule(context, stream), rows);
}

/** Moments, and those with the age of the values (0 = today). */
export function agesOf(context: LoweringContext, stream: Stream, rows: number): Moments & Ages {
  const { vectors } = context;
  const { filled, present } = stream;
  const moments = momentsRule(context, stream);
  return context.trees.summary<Moments & Ages>(
    {
      key: `ages ${filled.id} ${present.id}`,
      leaf(length) {
        const base = momentsOf(context, stream, length);
        if (length === 1) {
          const zero = vectors.constant(0);
          return { ...base, age: zero, ages: zero, product: zero };
        }
        const here = (back: number): Vector => vectors.lagged(present, back);
        const backs = Array.from({ length }, (_, back) => back);
        const age = vectors.mul(
          total(
            context,
            backs.slice(1).map((back) => vectors.keep(here(back), vectors.constant(back))),
          ),
          inverse(context, base.count),
        );
        const away = backs.map((back) => vectors.sub(vectors.constant(back), age));
        const differences = steps(context, stream, length);
        return {
          ...base,
          age,
          ages: total(
            context,
            away.map((each, back) => vectors.keep(here(back), vectors.mul(each, each))),
          ),
          product: total(
            context,
            differences.map((difference, index) => vectors.mul(away[index + 1]!, difference)),
          ),
        };
      },
      merge(newer, older, length) {
        const { delta, share, weight } = step(context, { stream, newer, older, rows: length });
        const apart = vectors.sub(vectors.add(older.age, vectors.constant(length)), newer.age);
        return {
          ...moments.merge(newer, older, length),
          age: vectors.add(newer.age, vectors.mul(apart, share)),
          ages: total(context, [newer.ages, older.ages, vectors.mul(apart, vectors.mul(apart, weight))]),
          product: total(context, [
            newer.product,
            older.product,
            vectors.mul(apart, vectors.mul(delta, weight)),
          ]),
        };
      },
    },
    rows,
  );
}

function atLeast(context: LoweringContext, count: Vector, least: number, value: Vector): Vector {
  const { vectors } = context;
  const enough = vectors.compare("ge", count, vectors.constant(least));
  return vectors.select(enough, value, vectors.constant(Number.NaN));
}

/** Divided by n − 1, NaN below two values. */
export function sample(context: LoweringContext, moments: Moments, squares: Vector): Vector {
  const { vectors } = context;
  const rest = vectors.sub(moments.count, vectors.constant(1));
  return atLeast(context, moments.count, 2, vectors.mul(squares, inverse(context, rest)));
}

/** Slope per row, going forward in time: ages run backward. */
function slopeOf(context: LoweringContext, line: Moments & Ages): Vector {
  const { vectors } = context;
  const scale = vectors.div(vectors.constant(-1), line.ages);
  return atLeast(context, line.count, 2, vectors.mul(line.product, scale));
}

export function windowed(lower: (context: LoweringContext, id: number, rows: number) => Vector): Lowering {
  return {
    windowed: true,
    supports: (node) => isPlainWindow(node),
    back: (node) => windowRows(node) - 1,
    lower: (context, node) => lower(context, node.inputs[0]!, windowRows(node)),
  };
}

/** Lines over an operand that may hold ±inf never recover from one in Qlib: the reference kernel does those. */
function line(lower: Lowering["lower"]): Lowering {
  return {
    windowed: true,
    supports: (node, graph) => isPlainWindow(node) && graph.nodes[node.inputs[0]!]!.finite,
    back: (node) => windowRows(node) - 1,
    lower,
  };
}

function populationVariance(context: LoweringContext, id: number, rows: number): Vector {
  const { count, squares } = momentsOf(context, context.stream(id), rows);
  return context.unlessEmpty(count, context.vectors.mul(squares, inverse(context, count)));
}

export const FLAT = 2e-5;

export const moments: Readonly<Record<string, Lowering>> = {
  Mean: windowed((context, id, rows) => {
    const { vectors } = context;
    const stream = context.stream(id);
    if (context.graph.nodes[id]!.type === "bool") {
      const count = windowCount(context, stream.present, rows);
      const share = vectors.mul(presentSum(context, id, rows), inverse(context, count));
      return context.unlessEmpty(count, share);
    }
    const { count, mean } = momentsOf(context, stream, rows);
    return context.unlessEmpty(count, vectors.add(stream.filled, mean));
  }),
  Var: windowed((context, id, rows) => {
    const summary = momentsOf(context, context.stream(id), rows);
    return sample(context, summary, summary.squares);
  }),
  Std: windowed((context, id, rows) => {
    const summary = momentsOf(context, context.stream(id), rows);
    return context.vectors.sqrt(sample(context, summary, summary.squares));
  }),
  VarP: windowed((context, id, rows) => populationVariance(context, id, rows)),
  StdP: windowed((context, id, rows) => context.vectors.sqrt(populationVariance(context, id, rows))),
  /** Σ w·x / Σ w with w = L − age of the L rows there are: the mean, less the co-moment with age over n·(L − mean age). */
  LWMA: windowed((context, id, rows) => {
    const { vectors } = context;
    const stream = context.stream(id);
    const { count, mean, age, product } = agesOf(context, stream, rows);
    const length = windowCount(context, context.exists(0), rows);
    const weights = vectors.mul(count, vectors.sub(length, age));
    const moved = vectors.sub(mean, vectors.div(product, weights));
    return context.unlessEmpty(count, vectors.add(stream.filled, moved));
  }),
  Slope: line((context, node) =>
    slopeOf(context, agesOf(context, context.stream(node.inputs[0]!), windowRows(node))),
  ),
  Resi: line((context, node) => {
    const { vectors } = context;
    const stream = context.stream(node.inputs[0]!);
    const summary = agesOf(context, stream, windowRows(node));
    const slope = slopeOf(context, summary);
    // In float64 the steps are Qlib's, whose rounding at the height of the series is part of a residual near 0.
    const newest = vectors.constant(windowRows(node));
    const height = vectors.sub(
      vectors.add(stream.filled, summary.mean),
      vectors.mul(slope, vectors.sub(newest, summary.age)),
    );
    const residual =
      context.mode.lanes === "f64x2"
        ? vectors.sub(stream.value, vectors.add(vectors.mul(slope, newest), height))
        : vectors.neg(vectors.add(summary.mean, vectors.mul(slope, summary.age)));
    return vectors.select(stream.present, residual, vectors.constant(Number.NaN));
  }),
  Rsquare: line((context, node) => {
    const { vectors } = context;
    const { count, ages, product, squares } = agesOf(
      context,
      context.stream(node.inputs[0]!),
      windowRows(node),
    );
    const explained = vectors.mul(vectors.mul(product, product), vectors.div(vectors.constant(1), ages));
    const deviation = context.number(node.inputs[1]!);
    const curved = vectors.compare("gt", deviation, vectors.constant(FLAT));
    const share = atLeast(context, count, 2, vectors.div(explained, squares));
    return vectors.select(curved, share, vectors.constant(Number.NaN));
  }),
};
