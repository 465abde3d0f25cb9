import { pair } from "./element-wise.ts";

export const greater = pair({
  name: "Greater",
  summary: "the larger of the two",
  missing: "NaN on either side is NaN",
  infinity: "passes",
  of: (a, b) => Math.max(a, b),
});
