import { exponentialMean } from "#kernels/recurrence/exponential-mean";
import { expandingExponentialMean } from "#kernels/recurrence/expanding-exponential-mean";
import { runRecurrence, type Recurrence } from "#kernels/recurrence/recurrence";
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
  recurrence: ([window]) => emaRecurrence(window as number),
  compute(task) {
    const recurrence = emaRecurrence(windowOf(task));
    if (recurrence === null) expandingExponentialMean(seriesInput(task, 0), task.out);
    else runRecurrence(recurrence, task.inputs, task.out);
  },
};

function emaRecurrence(window: number): Recurrence | null {
  return window === 0 ? null : exponentialMean(window < 1 ? window : 2 / (1 + window));
}
