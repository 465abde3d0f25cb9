import { rollingKurtosis, rollingSkewness } from "#kernels/rolling/shape";
import {
  expandingCount,
  expandingMaximum,
  expandingMean,
  expandingMinimum,
  expandingSum,
} from "#kernels/recurrence/expanding";
import { runRecurrence, type Recurrence } from "#kernels/recurrence/recurrence";
import { rollingCount } from "#kernels/rolling/count";
import { rollingMaximum, rollingMinimum } from "#kernels/rolling/extremes";
import { rollingMean } from "#kernels/rolling/mean";
import { rollingMedian } from "#kernels/rolling/quantile";
import { rollingPlace } from "#kernels/rolling/rank";
import { rollingSum } from "#kernels/rolling/sum";
import { rollingDeviation, rollingVariance } from "#kernels/rolling/variance";
import { rowsOf, seriesInput, windowOf, type Operator } from "./declaration.ts";
import { TypeRefusal } from "./dtype.ts";
import { plainWindow, recurrenceOf, windowed } from "./windowed.ts";

const kernels: Readonly<Record<string, (x: Float64Array, rows: number, out: Float64Array) => void>> = {
  mean: rollingMean,
  sum: rollingSum,
  std: rollingDeviation,
  var: rollingVariance,
  sem: standardError,
  skew: rollingSkewness,
  kurt: rollingKurtosis,
  max: rollingMaximum,
  min: rollingMinimum,
  median: rollingMedian,
  count: rollingCount,
  rank: rollingPlace,
};

const expanding: Readonly<Record<string, Recurrence>> = {
  mean: expandingMean,
  sum: expandingSum,
  max: expandingMaximum,
  min: expandingMinimum,
  count: expandingCount,
};

const base = windowed({
  name: "Rolling",
  summary: `a pandas window function by name: ${Object.keys(kernels).join(", ")}`,
  missing: "as the operator of that name; rank is the place and not the share",
  window: plainWindow,
  kernel: rollingMean,
});

export const rolling: Operator = {
  ...base,
  parameters: [...base.parameters, { name: "function", kind: "text" }],
  type(_operands, [, name]) {
    if (Object.hasOwn(kernels, name as string)) return "f64";
    throw new TypeRefusal(`Rolling(…,'${name}')`, `use one of ${Object.keys(kernels).join(", ")}`);
  },
  recurrence: ([window, name]) => recurrenceOf(window as number, expanding[name as string]),
  compute(task) {
    const name = task.arguments[1] as string;
    const recurrence = recurrenceOf(windowOf(task), expanding[name]);
    if (recurrence !== null) runRecurrence(recurrence, task.inputs, task.out);
    else kernels[name]!(seriesInput(task, 0), rowsOf(task), task.out);
  },
};

/** pandas 1.5.3 divides the deviation by √(n − 1), where the textbook has √n. Its count includes ±inf. */
function standardError(x: Float64Array, rows: number, out: Float64Array): void {
  const counts = new Float64Array(x.length);
  rollingCount(x, rows, counts);
  rollingDeviation(x, rows, out);
  for (let i = 0; i < out.length; i++) out[i] = out[i]! / Math.sqrt(counts[i]! - 1);
}
