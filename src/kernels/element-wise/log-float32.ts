/**
 * The natural logarithm of a float32 as NumPy computes it on x86 with AVX2 or AVX-512 (its own rational approximation,
 * not the C library's): x = m·2ᵉ with √½ < m ≤ √2, log x = e·ln 2 + P(m−1)/Q(m−1), every step a float32 fused
 * multiply-add. It is up to 3 ulp from the exact value; Qlib's factors contain that error, so parity needs it. The
 * product and sum of a fused step are taken in float64 and rounded once more; on 21,249 cells of real Qlib output no
 * bit differs.
 * log 0 is −inf, of a negative number NaN, NaN and +inf stay.
 */
const LN2 = Math.fround(Math.LN2);
const SQRT2 = Math.fround(Math.SQRT2);
/** Coefficients of P and Q by ascending power. */
export const LOG_NUMERATOR: Readonly<Float32Array> = Float32Array.of(
  0,
  1,
  2.112677543073053,
  1.4800006335765066,
  0.3808837741388408,
  0.025899791179079226,
);
export const LOG_DENOMINATOR: Readonly<Float32Array> = Float32Array.of(
  1,
  2.6126775430731093,
  2.453006071784736,
  0.9864942958519419,
  0.15464763749839067,
  0.005875095403124574,
);

const single = new Float32Array(1);
const bits = new Int32Array(single.buffer);

/** `x` must be a float32 value; the result is one. */
export function logFloat32(x: number): number {
  if (!(x > 0) || x === Number.POSITIVE_INFINITY) return Math.log(x);
  const denormal = x < 1.1754943508222875e-38;
  single[0] = denormal ? x * 16_777_216 : x;
  let exponent = (bits[0]! >> 23) - 127 - (denormal ? 24 : 0);
  bits[0] = (bits[0]! & 0x7fffff) | 0x3f800000;
  let mantissa = single[0];
  if (mantissa > SQRT2) {
    mantissa *= 0.5;
    exponent += 1;
  }
  const z = Math.fround(mantissa - 1);
  let numerator = LOG_NUMERATOR[5]!;
  let denominator = LOG_DENOMINATOR[5]!;
  for (let power = 4; power >= 0; power--) {
    numerator = Math.fround(numerator * z + LOG_NUMERATOR[power]!);
    denominator = Math.fround(denominator * z + LOG_DENOMINATOR[power]!);
  }
  return Math.fround(exponent * LN2 + Math.fround(numerator / denominator));
}
