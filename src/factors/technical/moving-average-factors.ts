import { declared, type Indicator, type TechnicalDeclaration } from "./declaration.ts";
import { dema, ema, kama, sma, t3, tema, trima, wma } from "./moving-average.ts";
import { averagePrice, medianPrice, midpoint, midprice, typicalPrice, weightedClose } from "./price.ts";

const close = "$close";

const plain: Indicator = {
  description: {
    zh: "收盘价在窗口内的平均;前 N−1 个交易日为空,停牌日不计入。",
    en: "Mean of the closes of the window; missing on the first N − 1 sessions, suspended days left out.",
  },
  source: "common; TA-Lib SMA",
  category: "trend",
  unit: "price",
};

const exponential: Indicator = {
  ...plain,
  description: {
    zh: "指数平滑均线,以前 N 个收盘价的均值为初值;停牌日沿用上一值。",
    en: "Exponentially smoothed close, started from the mean of the first N closes; a suspended day carries the last value.",
  },
  source: "TA-Lib EMA",
};

const weighted = {
  ...plain,
  source: "TA-Lib WMA",
  description: {
    zh: "线性加权均线,今日权重 N,最早一日权重 1。",
    en: "Linearly weighted mean: today counts N times, the oldest day once.",
  },
};

const compound: Indicator = {
  ...plain,
  description: {
    zh: "由多层均线组合而成,滞后更小或更平滑;停牌日沿用上一值。",
    en: "Moving averages of moving averages, for less lag or more smoothness; a suspended day carries the last value.",
  },
};

const oneBar: Indicator = {
  description: { zh: "用一个数概括当日 K 线。", en: "The day's bar as one number." },
  source: "TA-Lib, Price Transform",
  category: "price",
  unit: "price",
};

const middle: Indicator = {
  ...plain,
  description: {
    zh: "窗口内最高与最低的中点。",
    en: "The middle between the highest and the lowest of the window.",
  },
  source: "TA-Lib MIDPOINT, MIDPRICE",
};

export const movingAverageFactors: readonly TechnicalDeclaration[] = [
  ...[5, 10, 20, 30, 50, 60].map((period) =>
    declared(plain, {
      name: `MA${period}`,
      title: { zh: `${period} 日简单移动平均`, en: `${period}-day simple moving average` },
      formula: `Σ close / ${period}`,
      parameters: { period },
      line: sma(close, period),
    }),
  ),
  declared(plain, {
    name: "SMA20",
    alias: "SMA",
    title: { zh: "20 日简单移动平均", en: "20-day simple moving average" },
    formula: "Σ close / 20",
    parameters: { period: 20 },
    line: sma(close, 20),
  }),
  declared(exponential, {
    name: "EMA20",
    alias: "EMA",
    title: { zh: "20 日指数移动平均", en: "20-day exponential moving average" },
    formula: "y ← y + 2/21·(close − y), y₀ = mean of the first 20",
    parameters: { period: 20, seeding: "mean" },
    line: ema(close, 20),
  }),
  declared(weighted, {
    name: "WMA20",
    alias: "WMA",
    title: { zh: "20 日线性加权移动平均", en: "20-day linearly weighted moving average" },
    formula: "Σ k·close / Σ k, k = 1 … 20",
    parameters: { period: 20 },
    line: wma(close, 20),
  }),
  declared(
    { ...compound, source: "Mulloy (1994); TA-Lib DEMA" },
    {
      name: "DEMA20",
      title: { zh: "20 日双重指数移动平均", en: "20-day double exponential moving average" },
      formula: "2·EMA − EMA(EMA)",
      parameters: { period: 20, seeding: "mean" },
      line: dema(close, 20),
    },
  ),
  declared(
    { ...compound, source: "Mulloy (1994); TA-Lib TEMA" },
    {
      name: "TEMA20",
      title: { zh: "20 日三重指数移动平均", en: "20-day triple exponential moving average" },
      formula: "3·EMA − 3·EMA² + EMA³",
      parameters: { period: 20, seeding: "mean" },
      line: tema(close, 20),
    },
  ),
  declared(
    { ...plain, source: "TA-Lib TRIMA" },
    {
      name: "TRIMA20",
      title: { zh: "20 日三角移动平均", en: "20-day triangular moving average" },
      formula: "mean over 10 of means over 11",
      parameters: { period: 20 },
      line: trima(close, 20),
    },
  ),
  declared(
    { ...compound, source: "Tillson (1998); TA-Lib T3" },
    {
      name: "T3_5",
      title: { zh: "5 日 T3 移动平均", en: "5-day T3 moving average" },
      formula: "GD(GD(GD(close))), GD = (1+v)·EMA − v·EMA(EMA), v = 0.7",
      parameters: { period: 5, v: 0.7 },
      line: t3(close, 5),
    },
  ),
  declared(
    {
      ...plain,
      description: {
        zh: "自适应均线:走势越直,权重越大;停牌日沿用上一值。",
        en: "Adaptive mean: the straighter the path, the larger the weight of today; a suspended day carries the last value.",
      },
      source: "Kaufman (1995); TA-Lib KAMA",
    },
    {
      name: "KAMA10",
      title: { zh: "10 日考夫曼自适应移动平均", en: "Kaufman's adaptive moving average over 10 days" },
      formula: "y ← y + (ER·(2/3 − 2/31) + 2/31)²·(close − y), ER = |close − close₋₁₀| / Σ|Δclose|",
      parameters: { period: 10, fast: 2, slow: 30 },
      line: kama(close, 10),
    },
  ),
  declared(middle, {
    name: "MIDPOINT14",
    title: { zh: "14 日收盘价中点", en: "Middle of the 14-day range of closes" },
    formula: "(max close + min close) / 2",
    parameters: { period: 14 },
    line: midpoint(close, 14),
  }),
  declared(middle, {
    name: "MIDPRICE14",
    title: { zh: "14 日高低价中点", en: "Middle of the 14-day high–low range" },
    formula: "(max high + min low) / 2",
    parameters: { period: 14 },
    line: midprice(14),
  }),
  declared(oneBar, {
    name: "AVGPRICE",
    title: { zh: "平均价", en: "Average price" },
    formula: "(open + high + low + close) / 4",
    line: averagePrice,
  }),
  declared(oneBar, {
    name: "MEDPRICE",
    title: { zh: "中间价", en: "Median price" },
    formula: "(high + low) / 2",
    line: medianPrice,
  }),
  declared(oneBar, {
    name: "TYPPRICE",
    title: { zh: "典型价", en: "Typical price" },
    formula: "(high + low + close) / 3",
    line: typicalPrice,
  }),
  declared(oneBar, {
    name: "WCLPRICE",
    title: { zh: "加权收盘价", en: "Weighted close" },
    formula: "(high + low + 2·close) / 4",
    line: weightedClose,
  }),
];
