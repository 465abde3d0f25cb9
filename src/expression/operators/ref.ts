import { firstValue } from "#kernels/recurrence/expanding";
import { QLIB, seriesInput, windowOf, type Operator, type WindowRule } from "./declaration.ts";
import { shifted } from "./reach.ts";

export const anyShift: WindowRule = {
  least: Number.NEGATIVE_INFINITY,
  zero: "first",
  fraction: "refused",
  decimals: false,
};

export const ref: Operator = {
  name: "Ref",
  family: "reference",
  summary: "the value N rows ago; N < 0 looks ahead; N = 0 is the first value of the series",
  parameters: [
    { name: "x", kind: "series" },
    { name: "N", kind: "window" },
  ],
  window: anyShift,
  missing: "NaN beyond the first and last row; a condition becomes 0, 1 or NaN",
  source: QLIB,
  infinity: "passes",
  type([x], [window]) {
    if (window === 0) return x!.type;
    return x!.type === "bool" ? "object" : x!.type === "i64" ? "f64" : x!.type;
  },
  reach: ([x], [window]) => shifted(x!, window as number),
  recurrence: ([window]) => (window === 0 ? firstValue : null),
  compute(task) {
    shift(seriesInput(task, 0), windowOf(task), task.out);
  },
};

/** out[t] = x[t − rows], NaN outside; rows 0 repeats x[0]. */
export function shift(x: Float64Array, rows: number, out: Float64Array): void {
  const length = x.length;
  if (rows === 0) {
    out.fill(length > 0 ? x[0]! : Number.NaN);
  } else if (rows > 0) {
    const blank = Math.min(rows, length);
    out.fill(Number.NaN, 0, blank);
    out.set(x.subarray(0, length - blank), blank);
  } else {
    const kept = Math.max(0, length + rows);
    out.set(x.subarray(length - kept), 0);
    out.fill(Number.NaN, kept);
  }
}
