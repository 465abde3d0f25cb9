import { exponentialMean } from "#kernels/recurrence/exponential-mean";
import { expandingExponentialMean } from "#kernels/recurrence/expanding-exponential-mean";
import { seriesInput, windowOf, type Operator } from "./declaration.ts";
import { plainWindow, windowed } from "./windowed.ts";
import { windowedReach } from "./reach.ts";

const base = windowed({
  name: "EMA",
  summary:
    "exponential mean of span N (α = 2/(N+1)), weights adjusted to the rows there are; 0 < N < 1 is α itself",
  missing: "a missing or infinite value today carries the last result; NaN before the first value",
  window: { ...plainWindow, decimals: true },
  kernel: (x, _rows, out) => expandingExponentialMean(x, out),
});

export const ema: Operator = {
  ...base,
  reach: ([x]) => windowedReach(x!, 0),
  compute(task) {
    const window = windowOf(task);
    const x = seriesInput(task, 0);
    if (window === 0) expandingExponentialMean(x, task.out);
    else exponentialMean(x, window < 1 ? window : 2 / (1 + window), task.out);
  },
};
