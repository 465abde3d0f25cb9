import {
  combined,
  lineOf,
  ratio,
  recurrent,
  startingAt,
  values,
  windowed,
  type Flat,
  type Line,
} from "./line.ts";
import { typicalPrice } from "./price.ts";

/**
 * Indicators of price and volume. Cumulative ones count from the instrument's first row, so their level depends on where its
 * history starts; their changes do not.
 */

/** Mean typical price weighted by volume over `period` rows, or over everything so far. */
export function volumeWeightedPrice(period: number | "anchored"): Line {
  const traded: Line = { text: `(${typicalPrice.text})*$volume`, from: 0 };
  const lines =
    period === "anchored"
      ? [lineOf(`Sum(${traded.text},0)`), lineOf("Sum($volume,0)")]
      : [windowed("Sum", traded, period), windowed("Sum", "$volume", period)];
  return combined(lines, (amount, volume) => `${amount}/${volume}`);
}

/** On-balance volume (Granville 1963): volume counted up on rises and down on falls, from the first bar's volume on. */
export const onBalanceVolume = recurrent(
  "Sum(If(Count($close,0)>1,Sign(Delta($close,1))*$volume,$volume),0)",
  0,
);

/** Accumulation/distribution line (Chaikin): volume by where the close stands in the day's range, −1 to 1; a flat bar adds 0. */
export const accumulationLine = recurrent(
  "Sum(If($high==$low,0,(($close-$low)-($high-$close))/($high-$low)*$volume),0)",
  0,
);

/** Chaikin's oscillator: a fast minus a slow exponential mean of the accumulation line, both from its first value on. */
export function accumulationOscillator(options: { readonly fast: number; readonly slow: number }): Line {
  const text = values(accumulationLine);
  const mean = (period: number): string => `DMA(${text},2/(${period}+1))`;
  return startingAt(
    recurrent(`${mean(options.fast)}-${mean(options.slow)}`, 0),
    Math.max(options.fast, options.slow) - 1,
  );
}

/** Money flow index: the RSI of the typical price weighted by traded amount (Quong and Soudack 1989). */
export function moneyFlow(options: { readonly period: number; readonly flat?: Flat }): Line {
  const price = typicalPrice.text;
  const flow = (sign: string): Line => ({
    text: `(${price})*$volume*(Delta(${price},1)${sign}0)`,
    from: 1,
  });
  return combined(
    [windowed("Sum", flow(">"), options.period), windowed("Sum", flow("<"), options.period)],
    (up, down) => ratio(up, `${up}+${down}`, { flat: options.flat, times: 100 }),
  );
}
