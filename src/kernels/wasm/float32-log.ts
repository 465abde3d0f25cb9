import { LOG_DENOMINATOR, LOG_NUMERATOR } from "../element-wise/log-float32.ts";
import type { Code } from "./code.ts";
import { splat } from "./lanes.ts";
import { int32x4, vector } from "./opcodes.ts";

/**
 * NumPy's float32 logarithm (kernels/element-wise/log-float32) of float32 values held as f64x2: the same steps, each
 * rounded to float32, so that every bit agrees. A float32 denormal is a normal float64, hence needs no scaling here.
 */
const SHIFT_RIGHT_64 = 205;
const MANTISSA_BITS = 0x7fffff;
const ONE_BITS = 0x3f800000;
const BIAS = 127;
const SMALLEST_NORMAL = 2 ** -126;
const TWO_52 = 2 ** 52;
export const UPPER_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];
const TWO_LOW_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/** The constants of the computation, as the bytes of vectors: the loop around it keeps them in locals. */
export const logConstants: readonly Uint8Array[] = [
  longs(0x4330000000000000n),
  longs(0x000fffffffffffffn),
  longs(0x3ff0000000000000n),
  ...[
    TWO_52 + 1023,
    Math.fround(Math.SQRT2),
    Math.fround(Math.LN2),
    0.5,
    1,
    0,
    Number.NEGATIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    ...LOG_NUMERATOR,
    ...LOG_DENOMINATOR,
  ].map((value) => splat("f64x2", value)),
];

export interface LogPlaces {
  /** Local of a constant. */
  readonly constant: (bytes: Uint8Array) => number;
  /** A fresh vector local. */
  readonly scratch: () => number;
}

/** Replaces the four float32 values on the stack by their logarithms. */
export function logOfFour(code: Code, places: LogPlaces): void {
  const [all, low] = [places.scratch(), places.scratch()];
  code.tee(all).simd(vector.promote);
  logOfPair(code, places);
  code.simd(vector.demote).set(low);
  code.get(all).get(all).simd(vector.shuffle).bytes.bytes(UPPER_HALF);
  code.simd(vector.promote);
  logOfPair(code, places);
  code.simd(vector.demote).set(all);
  code.get(low).get(all).simd(vector.shuffle).bytes.bytes(TWO_LOW_HALVES);
}

/** The constants of the close form. */
export const closeLogConstants: readonly Uint8Array[] = [
  ints(MANTISSA_BITS),
  ints(ONE_BITS),
  ints(BIAS),
  ...[
    Math.fround(Math.SQRT2),
    Math.fround(Math.LN2),
    SMALLEST_NORMAL,
    0.5,
    1,
    0,
    Number.NEGATIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    ...LOG_NUMERATOR,
    ...LOG_DENOMINATOR,
  ].map((value) => splat("f32x4", value)),
];

/**
 * Replaces the four float32 values on the stack by their logarithms, with the steps rounded twice instead of fused: a few
 * float32 steps off, at a quarter of the cost. Denormals count as 0.
 */
export function closeLogOfFour(code: Code, places: LogPlaces): void {
  const [x, exponent, mantissa, large] = Array.from({ length: 4 }, () => places.scratch()) as [
    number,
    number,
    number,
    number,
  ];
  const number = (value: number): Code => code.get(places.constant(splat("f32x4", value)));
  const bits = (value: number): Code => code.get(places.constant(ints(value)));
  const f = (operation: Parameters<Code["float"]>[1]): Code => code.float("f32x4", operation);
  code.set(x).get(x).whole(23).simd(int32x4.shiftRightSigned);
  bits(BIAS).simd(int32x4.sub).simd(int32x4.toFloat).set(exponent).get(x);
  bits(MANTISSA_BITS).simd(vector.and);
  bits(ONE_BITS).simd(vector.or).tee(mantissa);
  number(Math.fround(Math.SQRT2));
  f("gt").set(large).get(mantissa);
  number(0.5);
  f("mul").get(mantissa).get(large).select("f32x4");
  number(1);
  f("sub").set(mantissa).get(exponent).get(large);
  number(1).simd(vector.and);
  f("add");
  number(Math.fround(Math.LN2));
  f("mul");
  for (const coefficients of [LOG_NUMERATOR, LOG_DENOMINATOR]) {
    number(coefficients.at(-1)!);
    for (let power = coefficients.length - 2; power >= 0; power--) {
      code.get(mantissa);
      f("mul");
      number(coefficients[power]!);
      f("add");
    }
  }
  f("div");
  f("add");
  number(Number.NEGATIVE_INFINITY).get(x);
  number(Number.NaN).get(x);
  number(Number.POSITIVE_INFINITY);
  f("eq").select("f32x4").get(x);
  f("abs");
  number(SMALLEST_NORMAL);
  f("lt").select("f32x4").get(x);
  number(SMALLEST_NORMAL);
  f("ge").get(x);
  number(Number.POSITIVE_INFINITY);
  f("lt").simd(vector.and).select("f32x4");
}

/** Replaces the two values on the stack by their logarithms. */
export function logOfPair(code: Code, places: LogPlaces): void {
  const [x, exponent, mantissa, large] = Array.from({ length: 4 }, () => places.scratch()) as [
    number,
    number,
    number,
    number,
  ];
  const number = (value: number): Code => code.get(places.constant(splat("f64x2", value)));
  const bits = (value: bigint): Code => code.get(places.constant(longs(value)));
  const f = (operation: Parameters<Code["float"]>[1]): Code => code.float("f64x2", operation);
  const rounded = (): Code => code.simd(vector.demote).simd(vector.promote);
  code.set(x).get(x).whole(52).simd(SHIFT_RIGHT_64);
  bits(0x4330000000000000n).simd(vector.or);
  number(TWO_52 + 1023);
  f("sub").set(exponent).get(x);
  bits(0x000fffffffffffffn).simd(vector.and);
  bits(0x3ff0000000000000n).simd(vector.or).tee(mantissa);
  number(Math.fround(Math.SQRT2));
  f("gt").set(large).get(mantissa);
  number(0.5);
  f("mul").get(mantissa).get(large).select("f64x2");
  number(1);
  f("sub").set(mantissa).get(exponent).get(large);
  number(1).simd(vector.and);
  f("add").set(exponent);
  const polynomial = (coefficients: Readonly<Float32Array>): void => {
    number(coefficients.at(-1)!);
    for (let power = coefficients.length - 2; power >= 0; power--) {
      code.get(mantissa);
      f("mul");
      number(coefficients[power]!);
      f("add");
      rounded();
    }
  };
  code.get(exponent);
  number(Math.fround(Math.LN2));
  f("mul");
  polynomial(LOG_NUMERATOR);
  polynomial(LOG_DENOMINATOR);
  f("div");
  rounded();
  f("add");
  rounded();
  // 0 → −inf, +inf stays, everything else that is not positive → NaN.
  number(Number.NEGATIVE_INFINITY).get(x);
  number(Number.NaN).get(x);
  number(Number.POSITIVE_INFINITY);
  f("eq").select("f64x2").get(x);
  number(0);
  f("eq").select("f64x2").get(x);
  number(0);
  f("gt").get(x);
  number(Number.POSITIVE_INFINITY);
  f("lt").simd(vector.and).select("f64x2");
}

function ints(value: number): Uint8Array {
  return new Uint8Array(new Int32Array(4).fill(value).buffer);
}

function longs(value: bigint): Uint8Array {
  return new Uint8Array(new BigInt64Array([value, value]).buffer);
}
