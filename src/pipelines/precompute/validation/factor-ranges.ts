import { slackAt, toleranceOf } from "./tolerance.ts";

/**
 * Bounds that a factor cannot leave while its bars are in order (low ≤ open, close ≤ high; prices above 0; volumes from 0
 * up), and pairs of factors of which one cannot exceed the other. Each bound is a theorem about the definition, not an
 * observation of data; `reason` says which. Factors of a workspace have none but those of their unit.
 */
export interface FactorRange {
  readonly low: number;
  readonly high: number;
  readonly reason: string;
}

type Entry = readonly [names: RegExp, low: number, high: number, reason: string];

const ANY = Number.POSITIVE_INFINITY;
const share = "a part of its whole";
const positive = "made of positive prices";
const within = "a correlation (Cauchy–Schwarz)";
const spread = "a standard deviation or range";

/** By set; the first entry that fits a name counts. */
export const declaredRanges: Readonly<Record<string, readonly Entry[]>> = {
  tech: [
    [/^RSI14/, 0, 100, "Wilder (1978): gains over gains and losses"],
    [/^(STOCH|STOCHRSI)_/, 0, 100, "Lane: place within the window's range"],
    [/^KDJ_[KD]$/, 0, 100, "means of %K from 50 on"],
    [/^KDJ_J$/, -200, 300, "3·K − 2·D of K and D in 0…100"],
    [/^WILLIAMS_R14$/, -100, 0, "Williams: place below the window's high"],
    [/^CMO14$/, -100, 100, "Chande (1994): gains minus losses over both"],
    [/^IMI14$/, 0, 100, "Chande and Kroll (1994): up bodies over all bodies"],
    [/^ULTOSC$/, 0, 100, "Williams (1985): buying pressure over true range"],
    [/^BOP$/, -1, 1, "Livshin (2001): body over range"],
    [/^MFI14$/, 0, 100, "Quong and Soudack (1989): positive over all money flow"],
    [/^VOLUME_RSI14$/, 0, 100, "Wilder (1978), of volume"],
    [/^(ADXR?14|DX14)$/, 0, 100, "Wilder (1978): difference over sum of the two indicators"],
    [/^(PLUS|MINUS)_DI14$/, 0, 100, "Wilder (1978): movement is at most the true range"],
    [/^(PLUS|MINUS)_DM14$/, 0, ANY, "Wilder (1978): sums of positive movements"],
    [/^AROON_(UP|DOWN)14$/, 0, 100, "Chande (1995): sessions since the extreme"],
    [/^AROONOSC14$/, -100, 100, "Chande (1995): difference of the two lines"],
    [/^LINEARREG_ANGLE14$/, -90, 90, "an arctangent"],
    [/^(N?ATR14|TRANGE|VOLATILITY20|HISTORICAL_VOLATILITY20|STDDEV20|VAR20)$/, 0, ANY, spread],
    [/^BOLLINGER_WIDTH$/, 0, ANY, spread],
    [/^(MA\d+|SMA20|EMA20|WMA20|TRIMA20|KAMA10|MIDPOINT14|MIDPRICE14)$/, 0, ANY, positive],
    [/^(AVG|MED|TYP|WCL)PRICE$/, 0, ANY, positive],
    [/^(VWAP20|VWAP_ANCHORED|ICHIMOKU_\w+|BOLLINGER_MIDDLE|ACCBANDS_MIDDLE)$/, 0, ANY, positive],
    [/^ROCP12$/, -1, ANY, "a return"],
    [/^ROCR12$/, 0, ANY, positive],
    [/^ROC12$/, -100, ANY, "a return in per cent"],
  ],
  fund: [
    [/^price_position$/, 0, 1, "place within the window's range"],
    [/^(price|volume)_change|^(volume_)?momentum_/, -1, ANY, "a relative change of what is not negative"],
    [/^volume_ma_ratio$/, 0, 20, "a value is at most 20 times the mean of 20 that holds it"],
    [/^volatility_|^price_range/, 0, ANY, spread],
    [/^high_close_ratio$/, 1, ANY, "the close is at most the high"],
    [/^low_close_ratio$/, 0, 1, "the close is at least the low"],
    [/^open_close_ratio$/, 0, ANY, positive],
  ],
  base: [
    [/^(MEAN|SUM|MED|MAX|MIN|QUANTILE\d+)_/, 0, ANY, positive],
    [/^RANK_/, 0, 1, "a share of the window"],
    [/^(STD|VAR|VOLUME_STD)_/, 0, ANY, spread],
    [/^VOLUME_MEAN_/, 0, ANY, "volumes are not negative"],
    [/^RSQUARE_/, 0, 1, "a squared correlation"],
    [/^CORR_/, -1, 1, within],
    [/^CHANGE_/, -1, ANY, "a return"],
    ...[5, 10, 20, 30, 60].map((window): Entry => [
      new RegExp(`^SKEW_${window}$`),
      -Math.sqrt(window),
      Math.sqrt(window),
      "bias-corrected skewness of n values is at most √n",
    ]),
    ...[5, 10, 20, 30, 60].map((window): Entry => [
      new RegExp(`^KURT_${window}$`),
      -6,
      window,
      "bias-corrected excess kurtosis of n ≥ 4 values lies in −2(n−1)/(n−3)…n",
    ]),
  ],
  alpha158: [
    [/^KMID2|^KSFT2/, -1, 1, "a part of the bar's range"],
    [/^K(UP|LOW)2/, 0, 1, "a part of the bar's range"],
    [/^K(LEN|UP|LOW)$/, 0, ANY, spread],
    [/^HIGH0$|^MAX\d/, 1, ANY, "the close is at most the high"],
    [/^LOW0$|^MIN\d/, 0, 1, "the close is at least the low"],
    [/^(OPEN0|VWAP0|MA\d|ROC\d|QTL[UD])/, 0, ANY, positive],
    [/^(V?STD|WVMA|VMA)\d/, 0, ANY, spread],
    [/^RSQR/, 0, 1, "a squared correlation"],
    [/^CORR|^CORD/, -1, 1, within],
    [/^RANK|^RSV/, 0, 1, "place within the window"],
    [/^I(MAX|MIN)\d/, 0, 1, "a place in the window over its length"],
    [/^IMXD/, -1, 1, "a difference of two places"],
    [/^CNT[PN]|^V?SUM[PN]/, 0, 1, share],
    [/^CNTD|^V?SUMD/, -1, 1, "a difference of two parts of one whole"],
  ],
  alpha360: [[/./, 0, ANY, positive]],
  stat: [
    [/STD_\d/, 0, ANY, spread],
    [/CORR_\d/, -1, 1, within],
    [/^DRAWDOWN_/, -1, 0, "the close is at most the window's highest close"],
    [/^POSITION_/, 0, 1, "place within the window"],
  ],
  time: [
    [/^WEEKDAY$/, 0, 7, "days of a week"],
    [/^MONTH_DAY$/, 1, 31, "days of a month"],
    [/^YEAR_DAY$/, 1, 366, "days of a year"],
    [/^WEEK$/, 1, 53, "ISO weeks"],
    [/^MONTH$/, 1, 12, "months"],
    [/^QUARTER$/, 1, 4, "quarters"],
    [/^MONTH_PROGRESS$/, 0, 1, share],
  ],
};

const byUnit: Readonly<Record<string, FactorRange>> = {
  flag: { low: 0, high: 1, reason: "0 or 1" },
  signal: { low: -200, high: 200, reason: "a candlestick signal" },
};

/** The range of a factor of a set, with room for rounding; null when nothing is declared. */
export function rangeOf(set: string, factor: string, unit?: string): FactorRange | null {
  const entry = declaredRanges[set]?.find(([names]) => names.test(factor));
  const declared =
    entry === undefined ? byUnit[unit ?? ""] : { low: entry[1], high: entry[2], reason: entry[3] };
  if (declared === undefined) return null;
  const tolerance = toleranceOf(factor);
  return {
    low: declared.low - slackAt(declared.low, tolerance),
    high: declared.high + slackAt(declared.high, tolerance),
    reason: declared.reason,
  };
}

/** `lower` never exceeds `upper`. */
export interface FactorOrder {
  readonly lower: string;
  readonly upper: string;
}

const WINDOWS = [5, 10, 20, 30, 60];

/** Names in ascending order, by set. */
export const chains: Readonly<Record<string, readonly (readonly string[])[]>> = {
  tech: [
    ["BOLLINGER_LOWER", "BOLLINGER_MIDDLE", "BOLLINGER_UPPER"],
    ["ACCBANDS_LOWER", "ACCBANDS_MIDDLE", "ACCBANDS_UPPER"],
  ],
  base: WINDOWS.flatMap((window) => [
    [`MIN_${window}`, `QUANTILE20_${window}`, `MED_${window}`, `QUANTILE80_${window}`, `MAX_${window}`],
    [`MIN_${window}`, `MEAN_${window}`, `MAX_${window}`],
  ]),
  alpha158: [
    ["LOW0", "OPEN0", "HIGH0"],
    ...WINDOWS.map((window) => [`MIN${window}`, `QTLD${window}`, `QTLU${window}`, `MAX${window}`]),
    ...WINDOWS.map((window) => [`MIN${window}`, `MA${window}`, `MAX${window}`]),
  ],
};

/** The pairs of a set among the factors at hand. */
export function ordersOf(set: string, factors: ReadonlySet<string>): readonly FactorOrder[] {
  return (chains[set] ?? []).flatMap((chain) => {
    const present = chain.filter((name) => factors.has(name));
    return present.slice(1).map((upper, index) => ({ lower: present[index]!, upper }));
  });
}
