import { pair } from "./element-wise.ts";

export const less = pair({
  name: "Less",
  summary: "the smaller of the two",
  missing: "NaN on either side is NaN",
  infinity: "passes",
  of: (a, b) => Math.min(a, b),
});
