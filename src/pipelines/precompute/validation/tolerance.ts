/**
 * How far a stored value may be from the reference: what the goldens of Qlib allow a backend with float32 lanes, and what
 * the tests hold the vector code to. Statistics whose true value may be near 0 get ten times as much.
 */
export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

const usual: Tolerance = { relative: 1e-5, absolute: 1e-5 };
const nearZero: Tolerance = { relative: 1e-4, absolute: 1e-4 };
const NEAR_ZERO = /^(CORR|CORD|RSQR|RSQUARE|WVMA|SKEW|KURT)/;

export function toleranceOf(factor: string): Tolerance {
  return NEAR_ZERO.test(factor) ? nearZero : usual;
}

/** What a bound or a relation gives for rounding. */
export function slackAt(bound: number, { relative, absolute }: Tolerance): number {
  return Number.isFinite(bound) ? absolute + relative * Math.abs(bound) : 0;
}
