import { BEYOND_QLIB, seriesInput, windowOf, type Operator } from "./declaration.ts";
import { ref } from "./ref.ts";
import { shifted, union } from "./reach.ts";
import { wholePeriod } from "./recurrent.ts";

/** Qlib's windows are short at an instrument's first rows; a technical indicator has no value until its window is full. */
export const warmUp: Operator = {
  name: "WarmUp",
  family: "reference",
  summary: "x, but NaN on the instrument's first N rows",
  parameters: [
    { name: "x", kind: "series" },
    { name: "N", kind: "window" },
  ],
  window: wholePeriod,
  missing: "NaN on the first N rows and where x is",
  source: BEYOND_QLIB,
  infinity: "passes",
  type: (operands, rest) => ref.type(operands, rest),
  // Whether row t is one of the first N is known from the N rows before it.
  reach: ([x], [window]) => union([x!, shifted({ earliest: 0, latest: 0 }, window as number)]),
  compute(task) {
    const { out } = task;
    out.set(seriesInput(task, 0));
    out.fill(Number.NaN, 0, Math.min(windowOf(task), out.length));
  },
};
