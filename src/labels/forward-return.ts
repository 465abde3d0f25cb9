/**
 * Forward returns, the first label: what a position earns that is opened `entryLag` rows after the signal and
 * held for `horizon` rows. The default is Qlib's Alpha158 label `Ref($close, -2)/Ref($close, -1) - 1`: the signal of
 * day t is known after the close, so one buys at the close of t+1 and sells at the close of t+2.
 * Labels look ahead by construction; `lookAhead` says how far, and the role keeps them out of features.
 */
import { columnOf, panelOf } from "#panel/panel";
import type { Column, Panel } from "#panel/panel";

export interface ForwardReturnOptions {
  /** Rows between the signal and the entry; 0 trades at the price that made the signal. Default 1. */
  readonly entryLag?: number;
  /** Rows between entry and exit, ≥ 1. Default 1. */
  readonly horizon?: number;
  /** Column of adjusted prices. Default `close`. */
  readonly price?: string;
  /** `simple` = exit/entry − 1, `log` = ln(exit/entry). Default `simple`. */
  readonly kind?: "simple" | "log";
  /** `f32` rounds after every operation as Qlib does on its float32 prices. Default `f64`. */
  readonly precision?: "f32" | "f64";
  /** `missing`: a hole in the prices has no return. `carry`: the last price inside the span stands for it (pandas' `pct_change`). Default `missing`. */
  readonly holes?: "missing" | "carry";
  /** Name of the label column. Default `forward_return_<horizon>`, with `_lag<entryLag>` when that is not 1. */
  readonly name?: string;
}

/** What a label column means. */
export interface ForwardReturnMeaning {
  readonly name: string;
  readonly entryLag: number;
  readonly horizon: number;
  readonly price: string;
  readonly kind: "simple" | "log";
  readonly holes: "missing" | "carry";
  /** The same label in Qlib's expression language (for `holes: "missing"`). */
  readonly expression: string;
  /** Rows after the signal that the value needs: `entryLag + horizon`. */
  readonly lookAhead: number;
}

export interface ForwardReturns {
  readonly panel: Panel<"label">;
  readonly meanings: readonly ForwardReturnMeaning[];
}

/**
 * One forward return per row and instrument, unit `ratio`. NaN where entry or exit lies outside the instrument's
 * own span (unmatured or delisted), where either price is missing, and where the entry price is not positive.
 * Throws `RangeError` on a lag or horizon that is not a whole number in range and on an unknown price column.
 */
export function forwardReturn(market: Panel, options: ForwardReturnOptions = {}): ForwardReturns {
  return forwardReturnsOf(market, [options]);
}

/** Forward returns of several horizons, one column each; everything else is shared. */
export function forwardReturns(
  market: Panel,
  horizons: readonly number[],
  options: Omit<ForwardReturnOptions, "horizon" | "name"> = {},
): ForwardReturns {
  return forwardReturnsOf(
    market,
    horizons.map((horizon) => ({ ...options, horizon })),
  );
}

function forwardReturnsOf(market: Panel, requests: readonly ForwardReturnOptions[]): ForwardReturns {
  const meanings = requests.map(meaningOf);
  const columns = requests.map((request, index) =>
    labelColumn(market, meanings[index]!, request.precision ?? "f64"),
  );
  const { time, instruments, first, last } = market;
  return { panel: panelOf({ role: "label", time, instruments, first, last, columns }), meanings };
}

function meaningOf(options: ForwardReturnOptions): ForwardReturnMeaning {
  const { entryLag = 1, horizon = 1, price = "close", kind = "simple", holes = "missing" } = options;
  if (!Number.isInteger(entryLag) || entryLag < 0) {
    throw new RangeError(`entryLag is ${entryLag}; it is a whole number of rows ≥ 0`);
  }
  if (!Number.isInteger(horizon) || horizon < 1) {
    throw new RangeError(`horizon is ${horizon}; it is a whole number of rows ≥ 1`);
  }
  const name = options.name ?? `forward_return_${horizon}${entryLag === 1 ? "" : `_lag${entryLag}`}`;
  const exit = `Ref($${price}, -${entryLag + horizon})`;
  const entry = entryLag === 0 ? `$${price}` : `Ref($${price}, -${entryLag})`;
  const expression = kind === "log" ? `Log(${exit}/${entry})` : `${exit}/${entry} - 1`;
  return { name, entryLag, horizon, price, kind, holes, expression, lookAhead: entryLag + horizon };
}

function labelColumn(market: Panel, meaning: ForwardReturnMeaning, precision: "f32" | "f64"): Column {
  const source = columnOf(market, meaning.price).values;
  const prices = meaning.holes === "carry" ? carried(market, source) : source;
  const lanes = market.instruments.length;
  const values = new (precision === "f32" ? Float32Array : Float64Array)(source.length).fill(Number.NaN);
  const entryOffset = meaning.entryLag * lanes;
  const exitOffset = meaning.lookAhead * lanes;
  const round = precision === "f32" ? Math.fround : (value: number) => value;
  for (let lane = 0; lane < lanes; lane++) {
    const end = market.last[lane]! - meaning.lookAhead;
    for (let row = market.first[lane]!; row <= end; row++) {
      const cell = row * lanes + lane;
      const entry = round(prices[cell + entryOffset]!);
      if (!(entry > 0)) continue;
      const ratio = round(round(prices[cell + exitOffset]!) / entry);
      values[cell] = meaning.kind === "log" ? Math.log(ratio) : ratio - 1;
    }
  }
  return { name: meaning.name, values, unit: "ratio" };
}

/** Prices with holes filled by the last one before, inside each instrument's own span. */
function carried(market: Panel, prices: Float32Array | Float64Array): Float64Array {
  const filled = Float64Array.from(prices);
  const lanes = market.instruments.length;
  for (let lane = 0; lane < lanes; lane++) {
    for (let row = market.first[lane]! + 1; row <= market.last[lane]!; row++) {
      const cell = row * lanes + lane;
      if (Number.isNaN(filled[cell]!)) filled[cell] = filled[cell - lanes]!;
    }
  }
  return filled;
}
