import { noBools, pair } from "./element-wise.ts";

export const sub = pair({
  name: "Sub",
  summary: "left − right",
  missing: "NaN on either side is NaN",
  infinity: "passes",
  type: noBools("the difference"),
  of: (a, b) => a - b,
});
