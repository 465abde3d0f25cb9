import { unary } from "./element-wise.ts";

export const log = unary({
  name: "Log",
  summary: "natural logarithm",
  missing: "NaN stays NaN; log 0 is −inf, of a negative number NaN",
  keepsFinite: false,
  type: (x) => (x === "f32" || x === "bool" ? "f32" : "f64"),
  of: Math.log,
});
