import { MarketError } from "../errors.ts";

/**
 * Limit prices from a reference price, in exact integer arithmetic.
 *
 * limit = reference × (1 ± p), rounded half-up to the tick; if that is less than one tick away, one tick away; never
 * below one tick. The reference is the previous close, on an ex-day the ex-right price, and is itself first
 * rounded half-up to the tick (vendors hand over unrounded ex-right prices and float32 noise).
 */
export interface LimitPrices {
  readonly up: number;
  readonly down: number;
}

/** Prices are multiples of 10^−decimals: 2 for A shares, 3 for Shanghai B shares and funds. */
export interface LimitTerms {
  readonly upPct: number;
  readonly downPct: number;
  readonly decimals: number;
}

/** Limit prices of one day. Throws MARKET_PRICE_INVALID on a reference that is not a positive number. */
export function limitPrices(reference: number, terms: LimitTerms): LimitPrices {
  const scale = 10 ** terms.decimals;
  const ticks = ticksOf(reference, terms.decimals);
  return {
    up: Math.max(roundedShare(ticks, 100 + terms.upPct), ticks + 1) / scale,
    down: Math.max(1, Math.min(roundedShare(ticks, 100 - terms.downPct), ticks - 1)) / scale,
  };
}

/** `ticks` × `pct` / 100, rounded half-up. Exact: all terms are integers below 2^53. */
function roundedShare(ticks: number, pct: number): number {
  const doubled = 2 * ticks * pct + 100;
  return (doubled - (doubled % 200)) / 200;
}

/**
 * A price as a whole number of ticks, rounded half-up from the decimal number that writes it: 2.675 with two
 * decimals is 268, although the double lies below 2.675. Throws MARKET_PRICE_INVALID below half a tick.
 */
export function ticksOf(price: number, decimals: number): number {
  const scale = 10 ** decimals;
  const near = Math.round(price * scale);
  if (near / scale === price && near > 0 && near < 1e12) return near;
  return ticksByText(price, decimals);
}

/** The slow twin of {@link ticksOf}: reads the price's shortest decimal digit by digit. */
export function ticksByText(price: number, decimals: number): number {
  if (price > 0 && price < 1e12 / 10 ** decimals) {
    const [mantissa = "", power = "0"] = String(price).split("e");
    const [whole = "", fraction = ""] = mantissa.split(".");
    const digits = BigInt(whole + fraction);
    // price = digits × 10^−places
    const places = fraction.length - Number(power);
    const shift = decimals - places;
    const ticks =
      shift >= 0
        ? digits * 10n ** BigInt(shift)
        : (digits * 2n + 10n ** BigInt(-shift)) / (2n * 10n ** BigInt(-shift));
    if (ticks > 0n) return Number(ticks);
  }
  throw new MarketError("MARKET_PRICE_INVALID", `${price} is no reference price`, {
    remedy: "Give the previous close, or the ex-right price on an ex-day, in currency units.",
  });
}
