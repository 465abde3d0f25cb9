import { exponentialMean } from "#kernels/recurrence/exponential-mean";
import { runRecurrence, type Recurrence } from "#kernels/recurrence/recurrence";
import { QLIB, rowsOf, seriesInput, windowOf, type Operator, type WindowRule } from "./declaration.ts";
import { windowedReach } from "./reach.ts";

/**
 * Declarations of operators over the last N rows of one series, today included. Windows are short at the first rows
 * (pandas' min_periods=1); N = 0 is everything so far; a fraction is an exponential mean, whatever the operator.
 */
type Kernel = (x: Float64Array, rows: number, out: Float64Array) => void;

export const plainWindow: WindowRule = {
  least: 1,
  zero: "expanding",
  fraction: "exponential",
  decimals: false,
};
export const wholeWindow: WindowRule = { ...plainWindow, fraction: "refused" };

export const SKIPS = "NaN and ±inf are left out; NaN when none is left";

export function windowed(declared: {
  readonly name: string;
  readonly summary: string;
  readonly missing: string;
  readonly window: WindowRule;
  readonly kernel: Kernel;
  /** The operator with N = 0, where everything so far fits in a state. */
  readonly expanding?: Recurrence;
  readonly source?: string;
}): Operator {
  return {
    name: declared.name,
    family: "rolling",
    summary: declared.summary,
    parameters: [
      { name: "x", kind: "series" },
      { name: "N", kind: "window" },
    ],
    window: declared.window,
    missing: declared.missing,
    source: declared.source ?? `${QLIB}; pandas 1.5.3 window functions`,
    infinity: "absorbs",
    type: () => "f64",
    reach: ([x], [window]) => windowedReach(x!, window as number),
    recurrence: ([window]) => recurrenceOf(window as number, declared.expanding),
    compute(task) {
      const recurrence = recurrenceOf(windowOf(task), declared.expanding);
      if (recurrence !== null) runRecurrence(recurrence, task.inputs, task.out);
      else declared.kernel(seriesInput(task, 0), rowsOf(task), task.out);
    },
  };
}

/** Of a window that is none: a fraction is an exponential mean, 0 what the operator has for it. */
export function recurrenceOf(window: number, expanding: Recurrence | undefined): Recurrence | null {
  if (window > 0 && window < 1) return exponentialMean(window);
  return window === 0 ? (expanding ?? null) : null;
}

/** Slope, Rsquare, Resi: in Qlib's own recursion an infinity never leaves again, so its past is part of the reach. */
export function regression(declared: {
  readonly name: string;
  readonly summary: string;
  readonly missing: string;
  readonly window: WindowRule;
  readonly kernel: Kernel;
  readonly companions?: Operator["companions"];
  readonly after?: (task: Parameters<Operator["compute"]>[0]) => void;
}): Operator {
  const base = windowed({ ...declared, source: "Qlib, qlib/data/_libs (rolling.pyx, expanding.pyx)" });
  return {
    ...base,
    ...(declared.companions === undefined ? {} : { companions: declared.companions }),
    reach: ([x], [window], finite) => windowedReach(x!, finite ? (window as number) : 0),
    recurrence: () => null,
    compute(task) {
      const window = windowOf(task);
      if (window > 0 && window < 1) task.out.fill(Number.NaN);
      else declared.kernel(seriesInput(task, 0), rowsOf(task), task.out);
      declared.after?.(task);
    },
  };
}

/** Qlib calls a spread of at most this zero, whatever the scale of the series. */
export const FLAT = 2e-5;

export function blankWhereFlat(out: Float64Array, deviation: Float64Array): void {
  for (let i = 0; i < out.length; i++) if (deviation[i]! <= FLAT) out[i] = Number.NaN;
}
