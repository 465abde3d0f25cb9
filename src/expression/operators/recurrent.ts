import { runRecurrence, type Recurrence } from "#kernels/recurrence/recurrence";
import { BEYOND_QLIB, type Argument, type Operator, type Parameter, type WindowRule } from "./declaration.ts";
import { union, windowedReach } from "./reach.ts";

/** Declarations of operators beyond Qlib that are recurrences whatever their arguments: their look-back has no end. */
export const wholePeriod: WindowRule = { least: 1, zero: "refused", fraction: "refused", decimals: false };

export const CARRIES = "NaN and ±inf are skipped: the last result is carried";

export function recurrent(declared: {
  readonly name: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly window?: WindowRule;
  readonly missing: string;
  readonly source: string;
  readonly recurrence: (rest: readonly Argument[]) => Recurrence;
}): Operator {
  const { source, ...rest } = declared;
  return {
    ...rest,
    family: "recurrence",
    source: `${BEYOND_QLIB}; ${source}`,
    infinity: "absorbs",
    type: () => "f64",
    reach: (operands) => windowedReach(union(operands), 0),
    compute(task) {
      runRecurrence(declared.recurrence(task.arguments), task.inputs, task.out);
    },
  };
}
