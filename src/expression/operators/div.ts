import { noBools, pair } from "./element-wise.ts";

const refuse = noBools("the quotient");

export const div = pair({
  name: "Div",
  summary: "left ÷ right",
  missing: "NaN on either side is NaN; x/0 is ±inf, 0/0 NaN",
  infinity: "makes",
  type: (common) => (refuse(common) === "f32" ? "f32" : "f64"),
  of: (a, b) => a / b,
});
