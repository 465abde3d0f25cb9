import { pair } from "./element-wise.ts";

export const mul = pair({
  name: "Mul",
  summary: "left × right; of two conditions: both",
  missing: "NaN on either side is NaN",
  infinity: "passes",
  of: (a, b) => a * b,
});
