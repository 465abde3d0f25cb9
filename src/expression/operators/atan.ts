import { BEYOND_QLIB } from "./declaration.ts";
import { unary } from "./element-wise.ts";

export const atan = {
  ...unary({
    name: "Atan",
    summary: "arctangent in radians",
    missing: "NaN stays NaN; ±inf gives ±π/2",
    infinity: "absorbs",
    type: (x) => (x === "f32" ? "f32" : "f64"),
    of: Math.atan,
  }),
  source: BEYOND_QLIB,
};
