import { unary } from "./element-wise.ts";

export const abs = unary({
  name: "Abs",
  summary: "absolute value",
  missing: "NaN stays NaN",
  infinity: "passes",
  type: (x) => (x === "object" ? "f64" : x),
  of: Math.abs,
});
