import { QLIB, type Operator, type Parameter } from "./declaration.ts";

/** Declarations of P and PRef: an expression over report periods, as it could be computed on each day. */
export function pointInTime(
  name: string,
  declared: { readonly summary: string; readonly parameters: readonly Parameter[] },
): Operator {
  return {
    name,
    family: "point in time",
    summary: declared.summary,
    parameters: declared.parameters,
    missing: "NaN before the first report; a period without a report is NaN",
    source: `${QLIB}, qlib/data/pit.py`,
    infinity: "passes",
    scope: "period",
    type: () => "f32",
    reach: () => ({ earliest: 0, latest: 0 }),
    compute() {
      throw new Error(`${name} is evaluated in the scope of periods`);
    },
  };
}
