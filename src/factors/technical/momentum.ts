import { combined, lineOf, ratio, values, windowed, type Flat, type Input, type Line } from "./line.ts";
import { movingAverage, sma, wilderAverage, type AverageKind } from "./moving-average.ts";
import { trueRange, typicalPrice } from "./price.ts";

/** How gains and losses are averaged: plainly over the window (Cutler) or by Wilder's smoothing. */
export type Smoothing = "cutler" | "wilder";

interface Strength {
  readonly period: number;
  readonly smoothing?: Smoothing;
  /** Value where nothing moved; missing unless told. */
  readonly flat?: Flat;
}

/** Relative strength index: 100 · gains/(gains + losses). Cutler's unless told. */
export function rsi(options: Strength & { readonly x?: Input }): Line {
  const { gain, loss } = moves(options.x ?? "$close", options.period, options.smoothing ?? "cutler");
  return combined([gain, loss], (up, down) => ratio(up, `${up}+${down}`, { flat: options.flat, times: 100 }));
}

/** Chande's momentum oscillator: 100 · (gains − losses)/(gains + losses). Smoothed as TA-Lib does unless told. */
export function cmo(options: Strength & { readonly x?: Input }): Line {
  const { gain, loss } = moves(options.x ?? "$close", options.period, options.smoothing ?? "wilder");
  return combined([gain, loss], (up, down) =>
    ratio(`(${up}-${down})`, `${up}+${down}`, { flat: options.flat, times: 100 }),
  );
}

function moves(x: Input, period: number, smoothing: Smoothing): { readonly gain: Line; readonly loss: Line } {
  const text = values(x);
  const from = lineOf(x).from;
  const average = smoothing === "cutler" ? sma : wilderAverage;
  const moved = (move: string): Line => average({ text: `Greater(${move},0)`, from: from + 1 }, period);
  return { gain: moved(`Delta(${text},1)`), loss: moved(`0-Delta(${text},1)`) };
}

interface Range {
  readonly period: number;
  readonly flat?: Flat;
}

/** %K: where the close stands between the lowest low and the highest high, 0 to 100 (Lane). */
export function stochasticK(options: Range): Line {
  return placeInRange("$close", { high: "$high", low: "$low" }, options);
}

/** %K and its average %D. `slowing` averages %K first (the slow stochastic). */
export function stochastic(
  options: Range & {
    readonly d: number;
    readonly dKind?: AverageKind;
    readonly slowing?: number;
    readonly slowingKind?: AverageKind;
  },
): { readonly k: Line; readonly d: Line } {
  const fast = stochasticK(options);
  const k =
    options.slowing === undefined ? fast : movingAverage(fast, options.slowing, options.slowingKind ?? "sma");
  return { k, d: movingAverage(k, options.d, options.dKind ?? "sma") };
}

/** The stochastic of the RSI (Chande and Kroll 1994). */
export function stochasticRsi(
  options: Strength & { readonly k: number; readonly d: number; readonly dKind?: AverageKind },
): { readonly k: Line; readonly d: Line } {
  const strength = rsi(options);
  const k = placeInRange(strength, { high: strength, low: strength }, { ...options, period: options.k });
  return { k, d: movingAverage(k, options.d, options.dKind ?? "sma") };
}

/** −100 at the lowest low, 0 at the highest high (Williams). */
export function williamsR(options: Range): Line {
  const high = windowed("Max", "$high", options.period);
  const low = windowed("Min", "$low", options.period);
  return combined([high, low], (top, bottom) =>
    ratio(`(${top}-$close)`, `${top}-${bottom}`, { flat: options.flat, times: -100 }),
  );
}

function placeInRange(x: Input, range: { readonly high: Input; readonly low: Input }, options: Range): Line {
  const value = lineOf(x);
  const high = windowed("Max", range.high, options.period);
  const low = windowed("Min", range.low, options.period);
  return combined([value, high, low], (now, top, bottom) =>
    ratio(`(${now}-${bottom})`, `${top}-${bottom}`, { flat: options.flat, times: 100 }),
  );
}

/** Commodity channel index: distance of the typical price from its mean, in 0.015 mean absolute deviations (Lambert 1980). */
export function cci(options: Range): Line {
  const deviation = windowed("Mad", typicalPrice, options.period);
  return combined([typicalPrice, sma(typicalPrice, options.period), deviation], (now, mean, spread) =>
    ratio(`${now}-${mean}`, `0.015*${spread}`, { flat: options.flat }),
  );
}

/** x − x before `period` rows. */
export function momentum(x: Input, period: number): Line {
  const { text, from, early = false } = lineOf(x);
  return { text: `Delta(${text},${period})`, from: from + period, early };
}

/** Change over `period` rows: in percent, as a share, as a ratio, or as a ratio times 100. */
export function rateOfChange(
  x: Input,
  period: number,
  form: "percent" | "share" | "ratio" | "ratio100" = "percent",
): Line {
  const { text, from, early = false } = lineOf(x);
  const grown = `(${text})/Ref(${text},${period})`;
  const forms = {
    percent: `100*(${grown}-1)`,
    share: `${grown}-1`,
    ratio: grown,
    ratio100: `100*(${grown})`,
  };
  return { text: forms[form], from: from + period, early };
}

/** Buying pressure over true range for three windows, weighted 4:2:1 (Williams 1985). */
export function ultimateOscillator(options: {
  readonly periods: readonly [number, number, number];
  readonly flat?: Flat;
}): Line {
  const pressure: Line = { text: "$close-Less($low,Ref($close,1))", from: 1 };
  const shares = options.periods.map((period) =>
    combined([windowed("Sum", pressure, period), windowed("Sum", trueRange, period)], (up, all) =>
      ratio(up, all, { flat: options.flat }),
    ),
  );
  return combined(shares, (fast, middle, slow) => `100*(4*${fast}+2*${middle}+${slow})/7`);
}

/** Intraday momentum index: the RSI of close − open (Chande and Kroll 1994). */
export function intradayMomentum(options: Range): Line {
  const up = windowed("Sum", "Greater($close-$open,0)", options.period);
  const down = windowed("Sum", "Greater($open-$close,0)", options.period);
  return combined([up, down], (a, b) => ratio(a, `${a}+${b}`, { flat: options.flat, times: 100 }));
}
