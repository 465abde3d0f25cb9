import { pair } from "./element-wise.ts";

export const add = pair({
  name: "Add",
  summary: "left + right; of two conditions: either",
  missing: "NaN on either side is NaN",
  infinity: "passes",
  of: (a, b) => a + b,
  ofBools: (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
});
