/**
 * Units and adjustment from the numbers themselves. The one hard fact is amount ÷ (volume × price): for raw bars it
 * is a power of ten, and which one says how the three units relate. Whole and fractional digits decide between
 * units that relate alike; names and unit columns are hints, never proof.
 */
import type { BarMapping } from "../../mapping/mapping.ts";
import type { BarStatistics } from "./bar-statistics.ts";
import { percent } from "./calendars.ts";

type UnitName = NonNullable<BarMapping["units"]["price"]>;

export interface UnitEvidence {
  readonly units: { readonly price?: UnitName; readonly volume?: UnitName; readonly amount?: UnitName };
  /** `raw` when prices agree with amount ÷ volume or move by ex-right references; `hfq`, `qfq` when scaled. */
  readonly prices: "raw" | "hfq" | "qfq";
  readonly reasons: readonly string[];
  readonly doubts: readonly string[];
  /** Two powers of ten in one file: the sentence that names them. */
  readonly mixed?: string;
}

export interface UnitHints {
  /** Units that columns of their own state (`vol_unit` 手, `amount_unit` 千元), or names (`open_li`, `volume_hand`). */
  readonly price?: UnitName | undefined;
  readonly volume?: UnitName | undefined;
  readonly amount?: UnitName | undefined;
  readonly hasAmount: boolean;
  readonly hasVolume: boolean;
  readonly hasPreclose: boolean;
  readonly market: "a-share" | "us" | "hk" | "crypto" | "unknown";
  readonly index: boolean;
}

const exponents: Readonly<Record<string, number>> = {
  currency: 0,
  li: -3,
  fen: -2,
  "price×10000": -4,
  "thousand-yuan": 3,
  "ten-thousand-yuan": 4,
  shares: 0,
  hand: 2,
  "ten-thousand-shares": 4,
};
const titles: Readonly<Record<string, string>> = {
  currency: "currency units",
  li: "li (1/1000 yuan)",
  fen: "1/100 of a currency unit",
  "price×10000": "1/10,000 of a currency unit",
  "thousand-yuan": "thousands of yuan",
  "ten-thousand-yuan": "ten thousands of yuan",
  shares: "shares",
  hand: "hands of 100 shares",
  "ten-thousand-shares": "ten thousands of shares",
};

interface Combination {
  readonly price: UnitName;
  readonly volume: UnitName;
  readonly amount: UnitName;
}

/** Combinations seen in the wild, commonest first. */
const combinations: readonly Combination[] = [
  { price: "currency", volume: "shares", amount: "currency" },
  { price: "currency", volume: "hand", amount: "thousand-yuan" },
  { price: "currency", volume: "hand", amount: "currency" },
  { price: "currency", volume: "shares", amount: "thousand-yuan" },
  { price: "currency", volume: "shares", amount: "ten-thousand-yuan" },
  { price: "currency", volume: "hand", amount: "ten-thousand-yuan" },
  { price: "currency", volume: "ten-thousand-shares", amount: "currency" },
  { price: "currency", volume: "ten-thousand-shares", amount: "ten-thousand-yuan" },
  { price: "li", volume: "hand", amount: "li" },
  { price: "li", volume: "shares", amount: "li" },
  { price: "fen", volume: "shares", amount: "fen" },
  { price: "li", volume: "hand", amount: "currency" },
  { price: "li", volume: "shares", amount: "currency" },
  { price: "price×10000", volume: "shares", amount: "currency" },
];

const powerOf = ({ price, volume, amount }: Combination): number =>
  exponents[price]! + exponents[volume]! - exponents[amount]!;

export function unitsOf(statistics: BarStatistics, hints: UnitHints): UnitEvidence {
  const mixed = mixedUnits(statistics);
  if (mixed !== null && !hints.index) {
    return { units: {}, prices: "raw", reasons: [], doubts: [], mixed };
  }
  if (!hints.hasVolume) return withoutVolume(statistics, hints);
  if (!hints.hasAmount || !(statistics.ratio.median > 0)) return withoutAmount(statistics, hints);
  if (hints.index) return indexUnits(statistics, hints);
  const power = Math.round(Math.log10(statistics.ratio.median));
  const remainder = statistics.ratio.median / 10 ** power;
  const raw = remainder > 0.93 && remainder < 1.07 && statistics.ratio.high / statistics.ratio.low < 1.35;
  return raw ? rawUnits(statistics, hints, power) : adjustedUnits(statistics, hints);
}

/** A second power of ten on more than a hundredth of the rows. Adjusted prices drift across the border; units jump. */
function mixedUnits({ powers }: BarStatistics): string | null {
  const total = powers.reduce((sum, { rows }) => sum + rows, 0);
  const [first, second] = powers.filter(({ rows, clean }) => rows >= total * 0.01 && clean > 0.9);
  if (first === undefined || second === undefined) return null;
  const part = ({ power, rows, example }: typeof first): string =>
    `near 10^${power} on ${rows} rows${example === "" ? "" : ` (e.g. ${example})`}`;
  return `amount ÷ (volume × price) is ${part(first)} and ${part(second)}`;
}

function rawUnits(statistics: BarStatistics, hints: UnitHints, power: number): UnitEvidence {
  const fitting = combinations.filter(
    (combination) => powerOf(combination) === power && allowed(combination, statistics, hints),
  );
  const best = fitting[0];
  const { low, high } = statistics.ratio;
  const spread = `amount ÷ (volume × typical price) is ${figure(low)}…${figure(high)} on nine of ten rows`;
  if (best === undefined) {
    return {
      units: {},
      prices: "raw",
      reasons: [spread],
      doubts: [`no known combination of units gives the ratio 10^${power}; state units in a mapping file`],
    };
  }
  const reasons = [
    `${spread}, so volume is in ${titles[best.volume]!}, amount in ${titles[best.amount]!} and prices in ${titles[best.price]!}`,
    ...digitReasons(best, statistics),
    `prices agree with amount ÷ volume on every part of the file, so they are not adjusted`,
  ];
  const doubts =
    fitting.length > 1 && !hinted(best, hints) && !decidedByDigits(best, statistics)
      ? [
          `the same ratio would hold for ${fitting.slice(1).map(combinationText).join(" or ")}; the commoner is taken`,
        ]
      : [];
  return { units: best, prices: "raw", reasons: [...reasons, ...exDayReasons(statistics)], doubts };
}

/** What digits and hints rule out. */
function allowed(combination: Combination, statistics: BarStatistics, hints: UnitHints): boolean {
  const { price, volume, amount } = combination;
  if (hints.price !== undefined && hints.price !== price) return false;
  if (hints.volume !== undefined && hints.volume !== volume) return false;
  if (hints.amount !== undefined && hints.amount !== amount) return false;
  if (price !== "currency" && statistics.close.whole < 0.999) return false;
  if (price !== "currency" && hints.price === undefined && hints.market !== "a-share") return false;
  if (amount === "li" && statistics.amount.whole < 0.999) return false;
  if (volume === "hand" && statistics.volume.hundredths < 0.999) return false;
  if (volume === "ten-thousand-shares" && statistics.volume.whole > 0.9) return false;
  if (volume === "shares" && hints.market === "a-share" && statistics.volume.whole < 0.99) return false;
  return true;
}

function hinted(best: Combination, hints: UnitHints): boolean {
  return hints.volume === best.volume && hints.amount === best.amount;
}

function decidedByDigits(best: Combination, { volume }: BarStatistics): boolean {
  return best.volume === "hand" && volume.whole < 0.5;
}

function digitReasons(best: Combination, { volume, amount }: BarStatistics): string[] {
  const reasons: string[] = [];
  if (best.volume === "hand" && volume.whole < 0.5) {
    reasons.push(
      `volume has at most two decimals (${percent(volume.hundredths)} of rows are whole hundredths): single shares out of hands`,
    );
  }
  if (best.amount === "thousand-yuan" && amount.whole < 0.5 && amount.thousandths > 0.99) {
    reasons.push("amount has at most three decimals: whole yuan out of thousands");
  }
  return reasons;
}

function combinationText({ price, volume, amount }: Combination): string {
  return `volume in ${titles[volume]!}, amount in ${titles[amount]!}, prices in ${titles[price]!}`;
}

/** Scaled prices: only digits and hints tell the units, and the ratio then tells the scale. */
function adjustedUnits(statistics: BarStatistics, hints: UnitHints): UnitEvidence {
  const { volume, amount } = statistics;
  const doubts: string[] = [];
  const volumeUnit: UnitName =
    hints.volume ?? (volume.whole < 0.5 && volume.hundredths > 0.99 ? "hand" : "shares");
  const amountUnit: UnitName =
    hints.amount ??
    (amount.whole < 0.5 && amount.thousandths > 0.99 && volumeUnit === "hand" ? "thousand-yuan" : "currency");
  const expected = 10 ** (exponents[volumeUnit]! - exponents[amountUnit]!);
  const first = expected / statistics.firstRatio;
  const last = expected / statistics.lastRatio;
  const reasons = [
    ...digitReasons({ price: "currency", volume: volumeUnit, amount: amountUnit }, statistics),
    `amount in ${titles[amountUnit]!} over volume in ${titles[volumeUnit]!} gives another price than close: close is ${figure(first)} times it on the first day and ${figure(last)} times on the last`,
  ];
  if (hints.volume === undefined && volumeUnit === "shares") {
    doubts.push(
      "units were taken as shares and currency units because the prices are scaled and the digits decide nothing; state them in a mapping file",
    );
  }
  if (Math.abs(last - 1) < 0.05 && Math.abs(first - 1) > 0.05) {
    return {
      units: { price: "currency", volume: volumeUnit, amount: amountUnit },
      prices: "qfq",
      reasons: [
        ...reasons,
        "the scale is 1 on the last day, so prices are front-adjusted (qfq) with the last day as base",
      ],
      doubts,
    };
  }
  if (!(last >= first * 0.97) || last < 1) {
    doubts.push("the scale neither ends at 1 nor grows with time, as adjusted prices do; look at the prices");
  }
  return {
    units: { price: "currency", volume: volumeUnit, amount: amountUnit },
    prices: "hfq",
    reasons: [...reasons, "the scale is above 1 and does not end at 1, so prices are back-adjusted (hfq)"],
    doubts,
  };
}

function indexUnits(statistics: BarStatistics, hints: UnitHints): UnitEvidence {
  const { volume, amount, impliedPrice } = statistics;
  const asHands = volume.whole < 0.5 || amount.whole < 0.5;
  const volumeUnit: UnitName = hints.volume ?? (asHands ? "hand" : "shares");
  const amountUnit: UnitName = hints.amount ?? (asHands ? "thousand-yuan" : "currency");
  const perShare = impliedPrice * 10 ** (exponents[amountUnit]! - exponents[volumeUnit]!);
  const plausible = perShare > 2 && perShare < 200;
  return {
    units: { price: "currency", volume: volumeUnit, amount: amountUnit },
    prices: "raw",
    reasons: [
      "the code is an index: close counts points, so it says nothing about volume and amount",
      `volume in ${titles[volumeUnit]!} and amount in ${titles[amountUnit]!} make ${figure(perShare)} yuan a share, ${plausible ? "what shares cost on average" : "an unlikely average"}`,
    ],
    doubts: plausible
      ? []
      : ["no pair of units makes a likely average share price; state units in a mapping file"],
  };
}

function withoutVolume(statistics: BarStatistics, hints: UnitHints): UnitEvidence {
  return {
    units: { price: hints.price ?? "currency" },
    prices: "raw",
    reasons: exDayReasons(statistics),
    doubts: ["there is no volume to check prices against; they are taken as unadjusted currency units"],
  };
}

/** Without amount only the digits of the volume and the reference prices speak. */
function withoutAmount(statistics: BarStatistics, hints: UnitHints): UnitEvidence {
  const { volume, exDays } = statistics;
  const reasons: string[] = [];
  const doubts: string[] = [];
  let unit: UnitName = hints.volume ?? "shares";
  if (hints.volume === undefined) {
    if (hints.market === "crypto") {
      reasons.push(
        volume.whole < 0.5
          ? "volume has decimals, so it counts units of the base asset"
          : "volume of a crypto pair counts units of the base asset by convention",
      );
    } else if (volume.whole < 0.5 && volume.hundredths > 0.99) {
      unit = "hand";
      reasons.push(
        "volume has exactly two decimals: single shares out of hands, so it is in hands of 100 shares",
      );
    } else if (volume.whole > 0.999 && volume.hundreds > 0.02) {
      reasons.push(
        `volume is whole and ${percent(volume.hundreds)} of it are multiples of 100, where hands would give 1 %: round lots show, so it is in shares`,
      );
    } else {
      doubts.push(
        "there is no amount to check volume against and its digits decide nothing; volume is taken as shares",
      );
    }
  }
  const compared = exDays.compared > 0;
  if (compared && exDays.days > 0) reasons.push(...exDayReasons(statistics));
  else if (hints.market !== "crypto" && hints.market !== "us") {
    doubts.push(
      compared
        ? `preclose equals the close before on all ${exDays.compared} days: either there was no ex-day or prices are adjusted`
        : "neither amount nor preclose says whether prices are adjusted; they are taken as unadjusted",
    );
  } else if (hints.market === "crypto")
    reasons.push("crypto pairs have no splits or dividends, so prices are raw");
  return { units: { price: hints.price ?? "currency", volume: unit }, prices: "raw", reasons, doubts };
}

function exDayReasons({ exDays }: BarStatistics): string[] {
  const { days, noise, tolerance, compared } = exDays;
  if (!(days > 0)) return [];
  const reasons = [
    `preclose differs from the close before on ${days} of ${compared} days: ex-right references, so prices are raw and the factor follows from them`,
  ];
  if (noise > 0) {
    reasons.push(
      `on ${noise} further days it differs by at most ${percent(tolerance)}, upwards too, which no ex-day does: the file's close is not always the official one, so differences of that size are not taken as ex-days where the close was not official`,
    );
  }
  return reasons;
}

function figure(value: number): string {
  return Number(value.toPrecision(4)).toString();
}
