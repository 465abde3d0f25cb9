/**
 * Where the stored factor of an instrument comes from, and its values over a stretch of rows.
 *
 * - `given`: the source's adjusted bars come with the factor they were adjusted by (a Qlib directory): kept as it is.
 * - `running`: the source gives a cumulative factor of any scale; kept as `extra.source_factor`, divided by its first value.
 * - `preclose`: derived from closes and precloses.
 * - `none`: nothing is known, or the bars are front-adjusted: 1.
 *
 * A later import continues the stored history to the last bit: what it adds equals what one import of the whole gives.
 */
import type { Adjustment } from "#data/source";
import type { CloseNoise } from "#market/adjustment/factor";
import { factorFromPreclose, factorFromRunning } from "#market/adjustment/factor";

export type FactorRule = "none" | "preclose" | "running" | "given";

const RANK: readonly FactorRule[] = ["none", "preclose", "running", "given"];

/** The rule for rows of a source; a stored rule that knows more is kept. */
export function factorRuleOf(
  adjustment: Adjustment["kind"],
  columns: ReadonlySet<string>,
  stored: string | undefined,
): FactorRule {
  let rule: FactorRule = "none";
  if (adjustment === "hfq" && columns.has("factor")) rule = "given";
  else if (adjustment === "raw" && columns.has("factor")) rule = "running";
  else if (adjustment === "raw" && columns.has("preclose") && columns.has("close")) rule = "preclose";
  const known = RANK.find((each) => each === stored);
  return known !== undefined && RANK.indexOf(known) > RANK.indexOf(rule) ? known : rule;
}

/** One lane's rows from a row of its history on; all arrays have one length. `factor` holds what is stored. */
export interface FactorStretch {
  /** Whether the stretch begins at the instrument's first row. */
  readonly whole: boolean;
  /** Row of the stretch from which on something changed; 0 when it is whole. */
  readonly changed: number;
  readonly factor: Float64Array;
  readonly close: Float64Array | undefined;
  readonly preclose: Float64Array | undefined;
  /** Which closes are not the official ones; undefined when all are. */
  readonly closes: CloseNoise | undefined;
  readonly running: Float64Array | undefined;
  /** First known running factor of the history, when it is known. */
  readonly runningBase: number | undefined;
}

/**
 * The factors of the stretch, or undefined when the rows before it are needed to give them exactly.
 * The rule `given` has nothing to derive and is the caller's.
 */
export function factorsOf(
  rule: Exclude<FactorRule, "given">,
  stretch: FactorStretch,
): Float64Array | undefined {
  const { factor, whole } = stretch;
  if (rule === "none") return new Float64Array(factor.length).fill(1);
  if (rule === "running") return fromRunning(stretch);
  const { close, preclose } = stretch;
  if (close === undefined || preclose === undefined) return new Float64Array(factor.length).fill(1);
  const { closes } = stretch;
  if (whole) return factorFromPreclose(close, preclose, closes);
  let anchor = stretch.changed - 1;
  while (anchor >= 0 && !(close[anchor]! > 0)) anchor--;
  if (anchor < 0) return undefined;
  const steps = factorFromPreclose(
    close.subarray(anchor),
    preclose.subarray(anchor),
    closes && noiseFrom(closes, anchor),
  );
  // One step is exact: f × r. Two would be f × (r₁ × r₂), which differs from (f × r₁) × r₂ in the last bit.
  if (steps.filter((step, row) => row > 0 && step !== steps[row - 1]).length > 1) return undefined;
  const result = factor.slice();
  for (const [row, step] of steps.entries()) result[anchor + row] = factor[anchor]! * step;
  return result;
}

function noiseFrom(noise: CloseNoise, anchor: number): CloseNoise {
  if (noise.lastTrade === undefined) return noise;
  const { on, low, high } = noise.lastTrade;
  const lastTrade = {
    on: (row: number) => on(row + anchor),
    low: low.subarray(anchor),
    high: high.subarray(anchor),
  };
  return { ...noise, lastTrade };
}

function fromRunning(stretch: FactorStretch): Float64Array | undefined {
  const { factor, running, runningBase, whole } = stretch;
  if (running === undefined) return new Float64Array(factor.length).fill(1);
  if (whole) return factorFromRunning(running);
  if (runningBase === undefined) return undefined;
  let anchor = stretch.changed - 1;
  while (anchor >= 0 && Number.isNaN(running[anchor]!)) anchor--;
  if (anchor < 0) return undefined;
  const based = new Float64Array(running.length - anchor + 1);
  based[0] = runningBase;
  based.set(running.subarray(anchor), 1);
  const result = factor.slice();
  result.set(factorFromRunning(based).subarray(1), anchor);
  return result;
}

/** First known value, or undefined. */
export function firstKnown(values: Float64Array): number | undefined {
  return values.find((value) => !Number.isNaN(value));
}
