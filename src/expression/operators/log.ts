import { logFloat32 } from "#kernels/element-wise/log-float32";
import type { Operator } from "./declaration.ts";
import { unary } from "./element-wise.ts";

const general = unary({
  name: "Log",
  summary: "natural logarithm; of float32 NumPy's own approximation, up to 3 ulp off",
  missing: "NaN stays NaN; log 0 is −inf, of a negative number NaN",
  infinity: "makes",
  type: (x) => (x === "f32" || x === "bool" ? "f32" : "f64"),
  of: Math.log,
});

export const log: Operator = {
  ...general,
  compute(task) {
    if (task.type !== "f32") {
      general.compute(task);
      return;
    }
    const x = task.inputs[0] as Float64Array;
    for (let i = 0; i < x.length; i++) task.out[i] = logFloat32(x[i]!);
  },
};
