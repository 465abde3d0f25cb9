import { unary } from "./element-wise.ts";

/** Qlib casts to float32 first, so a float64 below the smallest float32 has sign 0. */
export const sign = unary({
  name: "Sign",
  summary: "−1, 0 or 1",
  missing: "NaN stays NaN",
  infinity: "passes",
  type: () => "f32",
  of: (x) => Math.sign(Math.fround(x)),
});
