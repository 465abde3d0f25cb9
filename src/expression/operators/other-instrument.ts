import { QLIB, type Operator, type Parameter } from "./declaration.ts";

/** Declarations of operators whose operand belongs to another instrument; the backend evaluates it there. */
export function ofInstrument(name: string, parameters: readonly Parameter[]): Operator {
  return {
    name,
    family: "instrument",
    summary: "the expression as it is for another instrument, whatever the instrument it stands beside",
    parameters,
    missing: "joined by date: NaN on days the other instrument has no row",
    source: QLIB,
    infinity: "passes",
    scope: "instrument",
    type: ([x]) => x!.type,
    reach: ([x]) => x!,
    compute() {
      throw new Error(`${name} is evaluated in the scope of the other instrument`);
    },
  };
}
