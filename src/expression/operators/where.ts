import { BEYOND_QLIB, seriesInput, type Operator } from "./declaration.ts";
import { union } from "./reach.ts";
import { ref } from "./ref.ts";

/** pandas' where. The language has no number that is missing, so this is how an expression leaves a row out. */
export const where: Operator = {
  name: "Where",
  family: "logic",
  summary: "x where the condition holds, else missing",
  parameters: [
    { name: "x", kind: "series" },
    { name: "condition", kind: "series" },
  ],
  missing: "a NaN condition does not hold, unlike in If",
  source: BEYOND_QLIB,
  infinity: "passes",
  type: ([x]) => ref.type([x!], [1]),
  reach: union,
  compute(task) {
    const x = seriesInput(task, 0);
    const condition = seriesInput(task, 1);
    const { out } = task;
    for (let i = 0; i < out.length; i++) {
      const holds = condition[i]!;
      out[i] = holds === 0 || Number.isNaN(holds) ? Number.NaN : x[i]!;
    }
  },
};
