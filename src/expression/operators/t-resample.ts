import { QLIB, type Operator } from "./declaration.ts";

export const tResample: Operator = {
  name: "TResample",
  family: "reference",
  summary: "not supported: Qlib's own version fails, because its series carry row numbers and no dates",
  parameters: [
    { name: "x", kind: "series" },
    { name: "frequency", kind: "text" },
    { name: "function", kind: "text" },
  ],
  missing: "–",
  source: QLIB,
  infinity: "passes",
  scope: "unsupported",
  type: () => "f64",
  reach: ([x]) => x!,
  compute() {
    throw new Error("TResample is refused when a graph is built");
  },
};
