import * as fc from "fast-check";
import { runRecurrence, type Recurrence } from "../recurrence.ts";

/** Series with gaps and infinities, and what the tests of recurrences compare. */
const value = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -100, max: 100, noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity) },
);

export const series = fc
  .array(value, { minLength: 1, maxLength: 40 })
  .map((values) => Float64Array.from(values));

export function ran(recurrence: Recurrence, inputs: readonly (Float64Array | number)[]): Float64Array {
  const length = inputs.find((input) => typeof input !== "number")!.length;
  const out = new Float64Array(length);
  runRecurrence(recurrence, inputs, out);
  return out;
}

/** Rows that are not what the definition gives, as sentences. */
export function differences(
  actual: ArrayLike<number>,
  expected: readonly number[],
  tolerance = 1e-9,
): string[] {
  return expected.flatMap((wanted, row) => {
    const found = actual[row]!;
    const close =
      Object.is(found, wanted) || !(Math.abs(found - wanted) > tolerance * (1 + Math.abs(wanted)));
    if (Number.isNaN(wanted) === Number.isNaN(found) && close) return [];
    return [`row ${row}: ${found}, by definition ${wanted}`];
  });
}

/** Rows after `at` whose bits change when the state is taken out after it and put back into a fresh run. */
export function resumedDifferently(
  recurrence: Recurrence,
  inputs: readonly Float64Array[],
  at: number,
): number[] {
  const whole = ran(recurrence, inputs);
  const state = new Float64Array(recurrence.width).fill(Number.NaN);
  recurrence.reset(state);
  for (let t = 0; t <= at; t++)
    recurrence.step(
      state,
      Float64Array.from(inputs, (input) => input[t]!),
    );
  const restored = Float64Array.from(state);
  state.fill(Number.NaN);
  const changed: number[] = [];
  for (let t = at + 1; t < whole.length; t++) {
    const result = recurrence.step(
      restored,
      Float64Array.from(inputs, (input) => input[t]!),
    );
    if (!Object.is(result, whole[t])) changed.push(t);
  }
  return changed;
}

/** Rows whose bits are not those of the plain run times 2^`exponent`, when all inputs but weights are scaled by it. */
export function scaledDifferently(
  recurrence: Recurrence,
  inputs: readonly Float64Array[],
  how: { readonly exponent: number; readonly weights?: readonly number[] },
): number[] {
  const factor = 2 ** how.exponent;
  const whole = ran(recurrence, inputs);
  const scaled = ran(
    recurrence,
    inputs.map((input, index) =>
      how.weights?.includes(index) === true ? input : input.map((each) => each * factor),
    ),
  );
  return [...whole.keys()].filter((t) => !Object.is(scaled[t], whole[t]! * factor));
}
