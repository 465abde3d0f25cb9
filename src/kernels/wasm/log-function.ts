import { Bytes } from "./bytes.ts";
import { Code } from "./code.ts";
import { control, valueType, vector } from "./opcodes.ts";
import { LOG_DENOMINATOR, LOG_NUMERATOR } from "../element-wise/log-float32.ts";

/**
 * NumPy's float32 logarithm (kernels/element-wise/log-float32) of two float32 values held as f64x2: the same steps, each
 * rounded to float32, so that every bit agrees. A float32 denormal is a normal float64, hence needs no scaling here.
 */
const SHIFT_RIGHT_64 = 205;
const SQRT2 = Math.fround(Math.SQRT2);
const LN2 = Math.fround(Math.LN2);
const TWO_52 = 2 ** 52;

const X = 0;
const EXPONENT = 1;
const MANTISSA = 2;
const NUMERATOR = 3;
const DENOMINATOR = 4;
const LARGE = 5;

export function logOfPair(): { readonly locals: number; readonly code: Code } {
  const code = new Code();
  const f = (operation: Parameters<Code["float"]>[1]): Code => code.float("f64x2", operation);
  const rounded = (): Code => code.simd(vector.demote).simd(vector.promote);
  // Exponent and mantissa of the float64.
  code.get(X).whole(52).simd(SHIFT_RIGHT_64).longs(0x4330000000000000n).simd(vector.or);
  code.splat("f64x2", TWO_52 + 1023);
  f("sub").set(EXPONENT);
  code.get(X).longs(0x000fffffffffffffn).simd(vector.and).longs(0x3ff0000000000000n).simd(vector.or);
  code.tee(MANTISSA).splat("f64x2", SQRT2);
  f("gt").set(LARGE);
  code.get(MANTISSA).splat("f64x2", 0.5);
  f("mul").get(MANTISSA).get(LARGE).simd(vector.select).splat("f64x2", 1);
  f("sub").set(MANTISSA);
  code.get(EXPONENT).get(LARGE).splat("f64x2", 1).simd(vector.and);
  f("add").set(EXPONENT);
  for (const [target, coefficients] of [
    [NUMERATOR, LOG_NUMERATOR],
    [DENOMINATOR, LOG_DENOMINATOR],
  ] as const) {
    code.splat("f64x2", coefficients.at(-1)!);
    for (let power = coefficients.length - 2; power >= 0; power--) {
      code.get(MANTISSA);
      f("mul").splat("f64x2", coefficients[power]!);
      f("add");
      rounded();
    }
    code.set(target);
  }
  code.get(EXPONENT).splat("f64x2", LN2);
  f("mul").get(NUMERATOR).get(DENOMINATOR);
  f("div");
  rounded();
  f("add");
  rounded();
  // 0 → −inf, +inf stays, everything else that is not positive → NaN.
  code.splat("f64x2", Number.NEGATIVE_INFINITY).get(X).splat("f64x2", Number.NaN);
  code.get(X).splat("f64x2", Number.POSITIVE_INFINITY);
  f("eq").simd(vector.select).get(X).splat("f64x2", 0);
  f("eq").simd(vector.select);
  code.get(X).splat("f64x2", 0);
  f("gt").get(X).splat("f64x2", Number.POSITIVE_INFINITY);
  f("lt").simd(vector.and).simd(vector.select);
  return { locals: 5, code };
}

/** The same of four float32 values, by two calls of function `pair`. */
export function logOfFour(pair: number): { readonly locals: number; readonly code: Code } {
  const code = new Code();
  const upper = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];
  const joined = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
  const call = (): void => {
    code.simd(vector.promote).op(control.call).bytes.u32(pair);
    code.simd(vector.demote);
  };
  code.get(X);
  call();
  code.get(X).get(X).simd(vector.shuffle).bytes.bytes(upper);
  call();
  code.simd(vector.shuffle).bytes.bytes(joined);
  return { locals: 0, code };
}

/** A function body: `locals` v128 locals beside the parameter. */
export function vectorFunction({ locals, code }: { readonly locals: number; readonly code: Code }): Bytes {
  const body = new Bytes();
  if (locals === 0) body.u32(0);
  else body.u32(1).u32(locals).byte(valueType.v128);
  return body.bytes(code.bytes.view()).byte(control.end);
}
