import type { Vector, VectorGraph } from "#kernels/wasm/vector-graph";
import type { Lowering } from "./lowering.ts";

/**
 * Arctangent after fdlibm (s_atan.c, Sun Microsystems 1993), which V8's Math.atan follows: |x| is brought near 0 by one of
 * four differences of angles, then an odd polynomial. All branches at once, one division.
 */
const COEFFICIENTS = [
  3.33333333333329318027e-1, -1.99999999998764832476e-1, 1.42857142725034663711e-1, -1.1111110405462355788e-1,
  9.09088713343650656196e-2, -7.69187620504482999495e-2, 6.66107313738753120669e-2,
  -5.83357013379057348645e-2, 4.97687799461593236017e-2, -3.6531572744216915527e-2, 1.62858201153657823623e-2,
] as const;

interface Interval {
  /** Of |x|, exclusive. */
  readonly below: number;
  readonly over: (x: Vector) => Vector;
  readonly under: (x: Vector) => Vector;
  /** The angle that was taken away, in two parts. */
  readonly high: number;
  readonly low: number;
}

function intervals(vectors: VectorGraph): readonly Interval[] {
  const number = (value: number): Vector => vectors.constant(value);
  const one = number(1);
  return [
    { below: 7 / 16, over: (x) => x, under: () => one, high: 0, low: 0 },
    {
      below: 11 / 16,
      over: (x) => vectors.sub(vectors.mul(number(2), x), one),
      under: (x) => vectors.add(number(2), x),
      high: 4.63647609000806093515e-1,
      low: 2.26987774529616870924e-17,
    },
    {
      below: 19 / 16,
      over: (x) => vectors.sub(x, one),
      under: (x) => vectors.add(x, one),
      high: 7.85398163397448278999e-1,
      low: 3.06161699786838301793e-17,
    },
    {
      below: 2.4375,
      over: (x) => vectors.sub(x, number(1.5)),
      under: (x) => vectors.add(one, vectors.mul(number(1.5), x)),
      high: 9.82793723247329054082e-1,
      low: 1.39033110312309984516e-17,
    },
    {
      below: Number.POSITIVE_INFINITY,
      over: () => number(-1),
      under: (x) => x,
      high: 1.570796326794896558,
      low: 6.12323399573676603587e-17,
    },
  ];
}

export const arctangent: Readonly<Record<string, Lowering>> = {
  Atan: {
    supports: ({ type }) => type === "f32" || type === "f64",
    lower(context, node) {
      const { vectors } = context;
      const x = context.number(node.inputs[0]!);
      const magnitude = vectors.abs(x);
      const chosen = (of: (interval: Interval) => Vector): Vector => {
        const [last, ...others] = intervals(vectors).toReversed();
        return others.reduce(
          (rest, interval) =>
            vectors.select(
              vectors.compare("lt", magnitude, vectors.constant(interval.below)),
              of(interval),
              rest,
            ),
          of(last!),
        );
      };
      const t = vectors.div(
        chosen(({ over }) => over(magnitude)),
        chosen(({ under }) => under(magnitude)),
      );
      const z = vectors.mul(t, t);
      const w = vectors.mul(z, z);
      const series = (from: 0 | 1): Vector => {
        const [last, ...others] = COEFFICIENTS.filter((_, index) => index % 2 === from).toReversed();
        return others.reduce<Vector>(
          (sum, coefficient) => vectors.add(vectors.constant(coefficient), vectors.mul(w, sum)),
          vectors.constant(last!),
        );
      };
      const sum = vectors.add(vectors.mul(z, series(0)), vectors.mul(w, series(1)));
      const low = chosen((interval) => vectors.constant(interval.low));
      const high = chosen((interval) => vectors.constant(interval.high));
      const angle = vectors.sub(high, vectors.sub(vectors.sub(vectors.mul(t, sum), low), t));
      const negative = vectors.compare("lt", x, vectors.constant(0));
      const signed = vectors.select(negative, vectors.neg(angle), angle);
      // A zero keeps its sign, NaN stays.
      const isOrdinary = vectors.compare("gt", magnitude, vectors.constant(0));
      return vectors.select(isOrdinary, signed, x);
    },
  },
};
