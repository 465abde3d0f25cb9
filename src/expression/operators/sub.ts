import { noBools, pair } from "./element-wise.ts";

export const sub = pair({
  name: "Sub",
  summary: "left − right",
  missing: "NaN on either side is NaN",
  keepsFinite: true,
  type: noBools("the difference"),
  of: (a, b) => a - b,
});
