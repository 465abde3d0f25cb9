import type { Vector } from "#kernels/wasm/vector-graph";
import type { LoweringContext } from "./context.ts";
import { isPlainWindow, windowRows, type Lowering } from "./lowering.ts";
import { inverse, momentsOf, momentsRule, step, steps, total, type Moments } from "./moments.ts";

/**
 * Third and fourth central moments over windows that merge (Pébay 2008, eqs. 2.7 and 2.8 for pairs), with
 * δ = μ_B − μ_A, a and b values in the newer and older part, n = a + b:
 *   M₃ = M₃A + M₃B + δ³·ab(a−b)/n² + 3δ(a·M₂B − b·M₂A)/n
 *   M₄ = M₄A + M₄B + δ⁴·ab(a²−ab+b²)/n³ + 6δ²(a²·M₂B + b²·M₂A)/n² + 4δ(a·M₃B − b·M₃A)/n
 */
interface Shape extends Moments {
  readonly cubes: Vector;
  readonly fourths: Vector;
}

const SPREAD_FLOOR = 1e-14;

function shapeOf(context: LoweringContext, id: number, rows: number): Shape {
  const { vectors } = context;
  const stream = context.stream(id);
  const { filled, present } = stream;
  const base = momentsRule(context, stream);
  const times = (...factors: readonly Vector[]): Vector =>
    factors.reduce((product, factor) => vectors.mul(product, factor));
  return context.trees.summary<Shape>(
    {
      key: `shape ${filled.id} ${present.id}`,
      leaf(length) {
        const moments = momentsOf(context, stream, length);
        const zero = vectors.constant(0);
        if (length === 1) return { ...moments, cubes: zero, fourths: zero };
        const away = [
          vectors.neg(moments.mean),
          ...steps(context, stream, length).map((each) => vectors.sub(each, moments.mean)),
        ];
        const sumOf = (power: (deviation: Vector) => Vector): Vector =>
          total(
            context,
            away.map((each, back) => vectors.keep(vectors.lagged(present, back), power(each))),
          );
        return {
          ...moments,
          cubes: sumOf((each) => times(each, each, each)),
          fourths: sumOf((each) => vectors.mul(times(each, each), times(each, each))),
        };
      },
      merge(newer, older, length) {
        const merged = base.merge(newer, older, length);
        const { delta } = step(context, { stream, newer, older, rows: length });
        const [a, b] = [newer.count, older.count];
        const perCount = inverse(context, merged.count);
        const [shareA, shareB] = [vectors.mul(a, perCount), vectors.mul(b, perCount)];
        const square = vectors.mul(delta, delta);
        const crossed = (ofA: Vector, ofB: Vector): Vector =>
          vectors.sub(vectors.mul(shareA, ofB), vectors.mul(shareB, ofA));
        const cubes = total(context, [
          newer.cubes,
          older.cubes,
          times(square, delta, a, shareB, vectors.sub(shareA, shareB)),
          times(vectors.constant(3), delta, crossed(newer.squares, older.squares)),
        ]);
        const mixture = vectors.sub(
          vectors.add(vectors.mul(shareA, shareA), vectors.mul(shareB, shareB)),
          vectors.mul(shareA, shareB),
        );
        const spread = vectors.add(
          times(shareA, shareA, older.squares),
          times(shareB, shareB, newer.squares),
        );
        const fourths = total(context, [
          newer.fourths,
          older.fourths,
          times(square, square, a, shareB, mixture),
          times(vectors.constant(6), square, spread),
          times(vectors.constant(4), delta, crossed(newer.cubes, older.cubes)),
        ]);
        return { ...merged, cubes, fourths };
      },
    },
    rows,
  );
}

/** `equal` where all values are the same, NaN with too few or next to no spread, else the value. */
function guarded(
  context: LoweringContext,
  shape: Shape,
  to: { readonly least: number; readonly equal: number; readonly value: Vector },
): Vector {
  const { vectors } = context;
  const nan = vectors.constant(Number.NaN);
  const variance = vectors.mul(shape.squares, inverse(context, shape.count));
  const spread = vectors.compare("gt", variance, vectors.constant(SPREAD_FLOOR));
  const alike = vectors.compare("eq", shape.squares, vectors.constant(0));
  const enough = vectors.compare("ge", shape.count, vectors.constant(to.least));
  const value = vectors.select(spread, to.value, nan);
  return vectors.select(enough, vectors.select(alike, vectors.constant(to.equal), value), nan);
}

function windowed(lower: (context: LoweringContext, shape: Shape) => Vector): Lowering {
  return {
    windowed: true,
    supports: (node) => isPlainWindow(node),
    back: (node) => windowRows(node) - 1,
    lower: (context, node) => lower(context, shapeOf(context, node.inputs[0]!, windowRows(node))),
  };
}

export const shape: Readonly<Record<string, Lowering>> = {
  /** √(n(n−1)) / (n−2) · m₃ / m₂^1.5 */
  Skew: windowed((context, moments) => {
    const { vectors } = context;
    const { count: n, squares, cubes } = moments;
    const perCount = inverse(context, n);
    const less = (value: number): Vector => vectors.sub(n, vectors.constant(value));
    const m2 = vectors.mul(squares, perCount);
    const m3 = vectors.mul(cubes, perCount);
    const scale = vectors.div(vectors.sqrt(vectors.mul(n, less(1))), less(2));
    const ratio = vectors.div(m3, vectors.mul(m2, vectors.sqrt(m2)));
    return guarded(context, moments, { least: 3, equal: 0, value: vectors.mul(scale, ratio) });
  }),
  /** (n−1) / ((n−2)(n−3)) · ((n+1) m₄/m₂² − 3(n−1)) */
  Kurt: windowed((context, moments) => {
    const { vectors } = context;
    const { count: n, squares, fourths } = moments;
    const perCount = inverse(context, n);
    const less = (value: number): Vector => vectors.sub(n, vectors.constant(value));
    const m2 = vectors.mul(squares, perCount);
    const m4 = vectors.mul(fourths, perCount);
    const scale = vectors.div(less(1), vectors.mul(less(2), less(3)));
    const ratio = vectors.div(m4, vectors.mul(m2, m2));
    const excess = vectors.sub(vectors.mul(less(-1), ratio), vectors.mul(vectors.constant(3), less(1)));
    return guarded(context, moments, { least: 4, equal: -3, value: vectors.mul(scale, excess) });
  }),
};
