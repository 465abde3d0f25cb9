import { apo, ppo, trix } from "./convergence.ts";
import { declared, type Indicator, type TechnicalDeclaration } from "./declaration.ts";
import { kdj } from "./kdj.ts";
import {
  cci,
  cmo,
  intradayMomentum,
  momentum,
  rateOfChange,
  rsi,
  stochastic,
  stochasticRsi,
  ultimateOscillator,
  williamsR,
} from "./momentum.ts";
import { balanceOfPower } from "./price.ts";

const strength: Indicator = {
  description: {
    zh: "上涨幅度占全部涨跌幅度的百分比,0–100;无涨跌时为空。",
    en: "Gains in per cent of gains and losses, 0 to 100; missing where nothing moved.",
  },
  source: "Wilder (1978), averaged plainly after Cutler",
  category: "momentum",
  unit: "percent",
};

const place: Indicator = {
  ...strength,
  description: {
    zh: "收盘价在窗口高低区间中的位置;区间为零时为空。",
    en: "Where the close stands in the window's high–low range; missing where the range is 0.",
  },
  source: "Lane; TA-Lib STOCHF",
};

const chinese: Indicator = {
  ...place,
  description: {
    zh: "RSV 的两次平滑,K、D 初值 50,J = 3K − 2D;停牌或区间为零时沿用上一值。",
    en: "RSV smoothed twice from 50, J = 3K − 2D; carried over days without a range.",
  },
  source: "通达信 KDJ",
};

const change: Indicator = {
  description: {
    zh: "今日收盘价与 N 个交易日前相比的变化。",
    en: "Today's close against the one N sessions ago.",
  },
  source: "common; TA-Lib MOM, ROC, ROCP, ROCR",
  category: "momentum",
  unit: "percent",
};

const oscillator: Indicator = {
  description: {
    zh: "两条指数均线之差。",
    en: "Difference of two exponential moving averages.",
  },
  source: "TA-Lib APO, PPO with EMA",
  category: "momentum",
  unit: "price",
};

const fast = stochastic({ period: 14, d: 3 });
const slow = stochastic({ period: 14, slowing: 3, d: 3 });
const ofRsi = stochasticRsi({ period: 14, smoothing: "wilder", k: 14, d: 3 });
const k93 = kdj({ period: 9, k: 3, d: 3 });

export const momentumFactors: readonly TechnicalDeclaration[] = [
  declared(strength, {
    name: "RSI14",
    alias: "RSI",
    title: { zh: "14 日相对强弱指数", en: "14-day relative strength index" },
    formula: "100·Σ gains / (Σ gains + Σ losses)",
    parameters: { period: 14, smoothing: "cutler" },
    line: rsi({ period: 14 }),
  }),
  declared(
    { ...strength, source: "Wilder (1978); TA-Lib RSI" },
    {
      name: "RSI14_WILDER",
      title: {
        zh: "14 日相对强弱指数(威尔德平滑)",
        en: "14-day relative strength index, Wilder's smoothing",
      },
      formula: "100·W(gains) / (W(gains) + W(losses)), W ← W + (x − W)/14",
      parameters: { period: 14, smoothing: "wilder" },
      line: rsi({ period: 14, smoothing: "wilder" }),
    },
  ),
  declared(place, {
    name: "STOCH_K",
    title: { zh: "随机指标 %K(14)", en: "Stochastic %K (14)" },
    formula: "100·(close − min low) / (max high − min low)",
    parameters: { period: 14 },
    line: fast.k,
  }),
  declared(place, {
    name: "STOCH_D",
    title: { zh: "随机指标 %D(14,3)", en: "Stochastic %D (14, 3)" },
    formula: "3-day mean of %K",
    parameters: { period: 14, d: 3 },
    line: fast.d,
  }),
  declared(
    { ...place, source: "Lane; TA-Lib STOCH" },
    {
      name: "STOCH_SLOW_K",
      title: { zh: "慢速随机指标 %K(14,3)", en: "Slow stochastic %K (14, 3)" },
      formula: "3-day mean of %K",
      parameters: { period: 14, slowing: 3 },
      line: slow.k,
    },
  ),
  declared(
    { ...place, source: "Lane; TA-Lib STOCH" },
    {
      name: "STOCH_SLOW_D",
      title: { zh: "慢速随机指标 %D(14,3,3)", en: "Slow stochastic %D (14, 3, 3)" },
      formula: "3-day mean of slow %K",
      parameters: { period: 14, slowing: 3, d: 3 },
      line: slow.d,
    },
  ),
  declared(
    { ...place, source: "Chande and Kroll (1994); TA-Lib STOCHRSI" },
    {
      name: "STOCHRSI_K",
      title: { zh: "RSI 的随机指标 %K", en: "Stochastic %K of the RSI" },
      formula: "100·(RSI − min RSI) / (max RSI − min RSI)",
      parameters: { period: 14, smoothing: "wilder", k: 14 },
      line: ofRsi.k,
    },
  ),
  declared(
    { ...place, source: "Chande and Kroll (1994); TA-Lib STOCHRSI" },
    {
      name: "STOCHRSI_D",
      title: { zh: "RSI 的随机指标 %D", en: "Stochastic %D of the RSI" },
      formula: "3-day mean of %K of the RSI",
      parameters: { period: 14, smoothing: "wilder", k: 14, d: 3 },
      line: ofRsi.d,
    },
  ),
  declared(
    { ...place, source: "Williams; TA-Lib WILLR" },
    {
      name: "WILLIAMS_R14",
      alias: "WILLIAMS_R",
      title: { zh: "14 日威廉指标", en: "Williams %R over 14 days" },
      formula: "−100·(max high − close) / (max high − min low)",
      parameters: { period: 14 },
      line: williamsR({ period: 14 }),
    },
  ),
  declared(
    {
      description: {
        zh: "典型价偏离其均值的程度,以 0.015 倍平均绝对偏差为单位。",
        en: "Distance of the typical price from its mean, in 0.015 mean absolute deviations.",
      },
      source: "Lambert (1980); TA-Lib CCI",
      category: "momentum",
      unit: "ratio",
    },
    {
      name: "CCI20",
      alias: "CCI",
      title: { zh: "20 日顺势指标", en: "20-day commodity channel index" },
      formula: "(TP − mean TP) / (0.015·mean |TP − mean TP|)",
      parameters: { period: 20 },
      line: cci({ period: 20 }),
    },
  ),
  declared(
    { ...change, unit: "price" },
    {
      name: "MOMENTUM10",
      alias: "MOMENTUM",
      title: { zh: "10 日动量", en: "10-day momentum" },
      formula: "close − close₋₁₀",
      parameters: { period: 10 },
      line: momentum("$close", 10),
    },
  ),
  declared(change, {
    name: "ROC12",
    alias: "ROC",
    title: { zh: "12 日变动率", en: "12-day rate of change" },
    formula: "100·(close / close₋₁₂ − 1)",
    parameters: { period: 12 },
    line: rateOfChange("$close", 12),
  }),
  declared(
    { ...change, unit: "ratio" },
    {
      name: "ROCP12",
      title: { zh: "12 日变动率(比例)", en: "12-day rate of change as a share" },
      formula: "close / close₋₁₂ − 1",
      parameters: { period: 12 },
      line: rateOfChange("$close", 12, "share"),
    },
  ),
  declared(
    { ...change, unit: "ratio" },
    {
      name: "ROCR12",
      title: { zh: "12 日价格比", en: "12-day price ratio" },
      formula: "close / close₋₁₂",
      parameters: { period: 12 },
      line: rateOfChange("$close", 12, "ratio"),
    },
  ),
  declared(
    { ...strength, source: "Chande (1994), smoothed as TA-Lib CMO" },
    {
      name: "CMO14",
      title: { zh: "14 日钱德动量摆动指标", en: "Chande's momentum oscillator over 14 days" },
      formula: "100·(W(gains) − W(losses)) / (W(gains) + W(losses))",
      parameters: { period: 14, smoothing: "wilder" },
      line: cmo({ period: 14 }),
      description: {
        zh: "涨跌之差占涨跌之和的百分比,−100–100;无涨跌时为空。",
        en: "Gains minus losses in per cent of both, −100 to 100; missing where nothing moved.",
      },
    },
  ),
  declared(
    { ...strength, source: "Chande and Kroll (1994); TA-Lib IMI" },
    {
      name: "IMI14",
      title: { zh: "14 日日内动量指数", en: "14-day intraday momentum index" },
      formula: "100·Σ (close − open)⁺ / Σ |close − open|",
      parameters: { period: 14 },
      line: intradayMomentum({ period: 14 }),
    },
  ),
  declared(
    {
      description: {
        zh: "三个周期的买压占真实波幅之比,按 4:2:1 加权。",
        en: "Buying pressure over true range for three windows, weighted 4:2:1.",
      },
      source: "Williams (1985); TA-Lib ULTOSC",
      category: "momentum",
      unit: "percent",
    },
    {
      name: "ULTOSC",
      title: { zh: "终极指标(7,14,28)", en: "Ultimate oscillator (7, 14, 28)" },
      formula: "100·(4·A₇ + 2·A₁₄ + A₂₈) / 7, A = Σ(close − true low) / Σ true range",
      parameters: { fast: 7, middle: 14, slow: 28 },
      line: ultimateOscillator({ periods: [7, 14, 28] }),
    },
  ),
  declared(
    {
      description: {
        zh: "当日实体与振幅之比;振幅为零时为空。",
        en: "The day's body over its range; missing where the range is 0.",
      },
      source: "Livshin (2001); TA-Lib BOP",
      category: "momentum",
      unit: "ratio",
    },
    {
      name: "BOP",
      title: { zh: "均势指标", en: "Balance of power" },
      formula: "(close − open) / (high − low)",
      line: balanceOfPower(),
    },
  ),
  declared(oscillator, {
    name: "APO",
    title: { zh: "绝对价格振荡(12,26)", en: "Absolute price oscillator (12, 26)" },
    formula: "EMA₁₂ − EMA₂₆",
    parameters: { fast: 12, slow: 26 },
    line: apo({ fast: 12, slow: 26 }),
  }),
  declared(
    { ...oscillator, unit: "percent" },
    {
      name: "PPO",
      title: { zh: "百分比价格振荡(12,26)", en: "Percentage price oscillator (12, 26)" },
      formula: "100·(EMA₁₂ − EMA₂₆) / EMA₂₆",
      parameters: { fast: 12, slow: 26 },
      line: ppo({ fast: 12, slow: 26 }),
    },
  ),
  declared(
    {
      description: {
        zh: "三重指数平滑均线的日变化率。",
        en: "Daily change of an exponential mean of an exponential mean of an exponential mean.",
      },
      source: "Hutson (1983); TA-Lib TRIX",
      category: "momentum",
      unit: "percent",
    },
    {
      name: "TRIX14",
      alias: "TRIX",
      title: { zh: "14 日三重指数平滑变动率", en: "14-day TRIX" },
      formula: "100·(EMA³ / EMA³₋₁ − 1)",
      parameters: { period: 14, seeding: "mean" },
      line: trix("$close", 14),
    },
  ),
  declared(chinese, {
    name: "KDJ_K",
    title: { zh: "KDJ 的 K(9,3,3)", en: "K of KDJ (9, 3, 3)" },
    formula: "K ← K + (RSV − K)/3, K₀ = 50, RSV = %K(9)",
    parameters: { period: 9, k: 3, d: 3, start: 50 },
    line: k93.k,
  }),
  declared(chinese, {
    name: "KDJ_D",
    title: { zh: "KDJ 的 D(9,3,3)", en: "D of KDJ (9, 3, 3)" },
    formula: "D ← D + (K − D)/3, D₀ = 50",
    parameters: { period: 9, k: 3, d: 3, start: 50 },
    line: k93.d,
  }),
  declared(chinese, {
    name: "KDJ_J",
    title: { zh: "KDJ 的 J(9,3,3)", en: "J of KDJ (9, 3, 3)" },
    formula: "3·K − 2·D",
    parameters: { period: 9, k: 3, d: 3, start: 50 },
    line: k93.j,
  }),
];
