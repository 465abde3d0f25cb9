import type { Day } from "../day.ts";
import { MarketError } from "../errors.ts";
import { venueOf, type InstrumentId } from "../instrument.ts";
import type { Board } from "../listing-code.ts";
import { venueNamed } from "../venue.ts";
import { boardOn } from "./boards.ts";
import { weakest, type Grade } from "./dated.ts";
import { limitPrices, type LimitPrices } from "./limit-price.ts";
import { lotsOn, type Lots } from "./lots.ts";
import { priceLimitOn, type PriceLimit } from "./price-limit.ts";
import { saleOfBoughtOn, type SaleOfBought } from "./settlement.ts";
import type { TradingStatus } from "./status.ts";
import { priceDecimals } from "./ticks.ts";

/** What holds for an instrument on a day. */
export interface TradingRules {
  /** Null outside the mainland. */
  readonly board: Board | null;
  readonly priceLimit: PriceLimit;
  /** A tick is 10^−decimals; null where it depends on the instrument or its price. */
  readonly priceDecimals: number | null;
  /** Null where it depends on the instrument. */
  readonly lots: Lots | null;
  readonly saleOfBought: SaleOfBought;
  /** The weakest grade among the records used. */
  readonly grade: Grade;
}

/** Elsewhere: no daily limit and sale on the same day. Ticks and lots are the instrument's own in Hong Kong and crypto. */
const abroad: TradingRules = {
  board: null,
  priceLimit: { kind: "none" },
  priceDecimals: null,
  lots: null,
  saleOfBought: "same-day",
  grade: "C",
};

const american: TradingRules = {
  ...abroad,
  priceDecimals: 2,
  lots: {
    buyMin: 1,
    step: 1,
    maxLimitOrder: Number.POSITIVE_INFINITY,
    maxMarketOrder: Number.POSITIVE_INFINITY,
  },
};

/**
 * The rules of one instrument on one day, given what is known of it as of that day.
 * Throws MARKET_BOARD_UNKNOWN for funds, convertibles, indices, unknown ids and days before the board opened, and
 * MARKET_RULES_MISSING where no record reaches.
 */
export function rulesOn(
  id: InstrumentId,
  day: Day,
  options: { readonly status?: TradingStatus } = {},
): TradingRules {
  const venue = venueOf(id);
  if (venue === null) {
    throw new MarketError("MARKET_BOARD_UNKNOWN", `${id} names no venue`, {
      remedy: "Use an id of a known form, such as 600519.SH, for anything that depends on trading rules.",
    });
  }
  const { kind } = venueNamed(venue);
  if (kind === "us-equity") return american;
  if (kind !== "a-share") return abroad;
  const board = boardOn(id, day);
  const limit = priceLimitOn(board, day, options.status);
  const size = lotsOn(board, day);
  const settlement = saleOfBoughtOn(board, day);
  return {
    board,
    priceLimit: limit.limit,
    priceDecimals: priceDecimals[board],
    lots: size.value,
    saleOfBought: settlement.value,
    grade: weakest([limit.grade, size.grade, settlement.grade]),
  };
}

/**
 * The day's limit prices under some rules; null when there is no limit or it is not known. `base` is the reference
 * price, or the issue price where the rule says so. Throws MARKET_PRICE_INVALID.
 */
export function limitPricesUnder(rules: TradingRules, base: number): LimitPrices | null {
  const { priceLimit, priceDecimals: decimals } = rules;
  if (priceLimit.kind !== "percent" || decimals === null) return null;
  return limitPrices(base, { upPct: priceLimit.upPct, downPct: priceLimit.downPct, decimals });
}
