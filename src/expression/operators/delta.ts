import { QLIB, seriesInput, windowOf, type Operator } from "./declaration.ts";
import { TypeRefusal } from "./dtype.ts";
import { anyShift, ref, shift } from "./ref.ts";
import { shifted, union } from "./reach.ts";

export const delta: Operator = {
  ...ref,
  name: "Delta",
  summary: "today's value minus the one N rows ago; N = 0 is minus the first value",
  window: anyShift,
  missing: "NaN where either is",
  source: QLIB,
  type([x], [window]) {
    if (x!.type === "bool" && window === 0) {
      throw new TypeRefusal(
        "the difference of two conditions",
        "use Ne(a,b), or multiply the condition by 1",
      );
    }
    if (x!.type === "f32") return "f32";
    return x!.type === "i64" && window === 0 ? "i64" : "f64";
  },
  reach: ([x], [window]) => union([x!, shifted(x!, window as number)]),
  recurrence: () => null,
  compute(task) {
    const x = seriesInput(task, 0);
    const { out } = task;
    shift(x, windowOf(task), out);
    const single = task.type === "f32";
    for (let i = 0; i < out.length; i++) {
      const difference = x[i]! - out[i]!;
      out[i] = single ? Math.fround(difference) : difference;
    }
  },
};
