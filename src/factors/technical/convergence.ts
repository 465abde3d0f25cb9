import { combined, lineOf, startingAt, type Input, type Line } from "./line.ts";
import { ema, movingAverage, type AverageKind } from "./moving-average.ts";

/** Differences of a fast and a slow moving average, and the rate of change of a threefold one. */
interface Pair {
  readonly x?: Input;
  readonly fast: number;
  readonly slow: number;
}

/**
 * How the exponential means of MACD begin. `ta`: each from the mean of its first values, the fast one so late that both
 * begin together (TA-Lib); `mean`: each from the mean of the series' first values; `first`: from the first value alone.
 */
export type ConvergenceSeeding = "ta" | "mean" | "first";

/** MACD line, its signal line and `histogram` × (line − signal): 1 everywhere but in China, where it is 2. */
export function macd(
  options: Pair & {
    readonly signal: number;
    readonly seeding?: ConvergenceSeeding;
    readonly histogram?: 1 | 2;
  },
): { readonly line: Line; readonly signal: Line; readonly histogram: Line } {
  const seeding = options.seeding ?? "ta";
  const start = seeding === "first" ? "first" : "mean";
  const x = options.x ?? "$close";
  const fast = ema(seeding === "ta" ? startingWith(x, options) : x, options.fast, start);
  const line = combined([fast, ema(x, options.slow, start)], (a, b) => `${a}-${b}`);
  const signal = ema(line, options.signal, start);
  const times = options.histogram === 2 ? "2*" : "";
  return { line, signal, histogram: combined([line, signal], (a, b) => `${times}(${a}-${b})`) };
}

interface AnyAverages extends Pair {
  readonly fastKind?: AverageKind;
  readonly slowKind?: AverageKind;
}

/** Fast average − slow average (absolute price oscillator). */
export function apo(options: AnyAverages): Line {
  return combined(bothAverages(options), (fast, slow) => `${fast}-${slow}`);
}

/** The same in percent of the slow average. */
export function ppo(options: AnyAverages): Line {
  return combined(bothAverages(options), (fast, slow) => `100*(${fast}-${slow})/${slow}`);
}

function bothAverages(options: AnyAverages): [Line, Line] {
  const x = options.x ?? "$close";
  return [
    movingAverage(x, options.fast, options.fastKind ?? "ema"),
    movingAverage(x, options.slow, options.slowKind ?? "ema"),
  ];
}

/** x from the row on that lets the fast average have its first value together with the slow one. */
function startingWith(x: Input, { fast, slow }: Pair): Line {
  const line = lineOf(x);
  return startingAt(line, line.from + slow - fast);
}

/** Change in percent of an exponential mean of an exponential mean of an exponential mean (Hutson 1983). */
export function trix(x: Input, period: number, seeding: "mean" | "first" = "mean"): Line {
  const line = ema(ema(ema(x, period, seeding), period, seeding), period, seeding);
  const { text, from } = line;
  return { ...line, text: `100*((${text})/Ref(${text},1)-1)`, from: from + 1 };
}
