import type { FactorSet } from "../factor-set.ts";
import { overWindows, type FactorFamily } from "../family.ts";

/**
 * Shape of the recent past without a dimension, so that instruments compare: z-scores, moments and autocorrelations of
 * daily returns, distances from extremes. Values are NaN until a window is full, since moments of a few points mislead;
 * later on days without a price are left out of windows. Where a window is constant its z-score is NaN, not 0.
 */
const WINDOWS = [10, 20, 60];

const RETURN = "($close/Ref($close,1)-1)";

/** A window of {d} returns needs {d} + 1 closes. */
const overReturns = (expression: string): string => `WarmUp(${expression}, {d})`;
const overCloses = (expression: string): string => `WarmUp(${expression}, {d-1})`;

const families: readonly FactorFamily[] = [
  {
    name: "ZSCORE_{d}",
    expression: overCloses("($close-Mean($close,{d}))/Std($close,{d})"),
    title: { zh: "收盘价 {d} 日 Z 分数", en: "z-score of the close over {d} days" },
    formula: "(C − mean(C, {d})) / std(C, {d})",
    category: "statistics",
    unit: "deviations",
  },
  {
    name: "VOLUME_ZSCORE_{d}",
    expression: overCloses("($volume-Mean($volume,{d}))/Std($volume,{d})"),
    title: { zh: "成交量 {d} 日 Z 分数", en: "z-score of the volume over {d} days" },
    formula: "(V − mean(V, {d})) / std(V, {d})",
    category: "volume",
    unit: "deviations",
  },
  {
    name: "RETURN_ZSCORE_{d}",
    expression: overReturns(`(${RETURN}-Mean(${RETURN},{d}))/Std(${RETURN},{d})`),
    title: { zh: "日收益率 {d} 日 Z 分数", en: "z-score of the daily return over {d} days" },
    formula: "(r − mean(r, {d})) / std(r, {d}), r = C/C[1] − 1",
    category: "statistics",
    unit: "deviations",
  },
  {
    name: "RETURN_MEAN_{d}",
    expression: overReturns(`Mean(${RETURN},{d})`),
    title: { zh: "{d} 日平均日收益率", en: "mean daily return of {d} days" },
    formula: "mean(r, {d})",
    category: "momentum",
    unit: "ratio",
  },
  {
    name: "RETURN_STD_{d}",
    expression: overReturns(`Std(${RETURN},{d})`),
    title: { zh: "{d} 日收益率标准差", en: "standard deviation of {d} daily returns" },
    description: { zh: "样本标准差(n − 1),未年化。", en: "Sample deviation (n − 1), not annualised." },
    formula: "std(r, {d})",
    category: "volatility",
    unit: "ratio",
  },
  {
    name: "DOWNSIDE_STD_{d}",
    expression: overReturns(`Power(Mean(Power(Less(${RETURN},0),2),{d}),0.5)`),
    title: { zh: "{d} 日下行标准差", en: "downside deviation of {d} daily returns" },
    description: {
      zh: "以 0 为目标的半偏差:上涨日计为 0。",
      en: "Semi-deviation about 0: days that rise count as 0.",
    },
    formula: "√ mean(min(r, 0)², {d})",
    source: "Sortino and van der Meer (1991), target 0",
    category: "volatility",
    unit: "ratio",
  },
  {
    name: "RETURN_SKEW_{d}",
    expression: overReturns(`Skew(${RETURN},{d})`),
    title: { zh: "{d} 日收益率偏度", en: "skewness of {d} daily returns" },
    formula: "skew(r, {d}), bias-corrected",
    category: "statistics",
    unit: "ratio",
  },
  {
    name: "RETURN_KURT_{d}",
    expression: overReturns(`Kurt(${RETURN},{d})`),
    title: { zh: "{d} 日收益率超额峰度", en: "excess kurtosis of {d} daily returns" },
    formula: "kurt(r, {d}), bias-corrected, 0 for a normal distribution",
    category: "statistics",
    unit: "ratio",
  },
  {
    name: "RETURN_Q05_{d}",
    expression: overReturns(`Quantile(${RETURN},{d},0.05)`),
    title: { zh: "{d} 日收益率 5% 分位数", en: "5th percentile of {d} daily returns" },
    description: {
      zh: "历史模拟法的单日 95% 风险价值,取负号即为损失。",
      en: "With the sign changed, the historical one-day value at risk of 95 %.",
    },
    formula: "quantile(r, {d}, 0.05), linear between order statistics",
    category: "volatility",
    unit: "ratio",
  },
  {
    name: "AUTOCORR_{d}",
    expression: `WarmUp(Corr(${RETURN},Ref(${RETURN},1),{d}), {d+1})`,
    title: { zh: "{d} 日收益率一阶自相关", en: "autocorrelation of {d} daily returns at lag 1" },
    description: {
      zh: "正为趋势延续,负为反转。",
      en: "Positive when moves go on, negative when they turn.",
    },
    formula: "corr(r, r[1], {d})",
    category: "statistics",
    unit: "ratio",
  },
  {
    name: "ABS_AUTOCORR_{d}",
    expression: `WarmUp(Corr(Abs(${RETURN}),Ref(Abs(${RETURN}),1),{d}), {d+1})`,
    title: {
      zh: "{d} 日绝对收益率一阶自相关",
      en: "autocorrelation of {d} absolute daily returns at lag 1",
    },
    description: { zh: "波动聚集的程度。", en: "How much volatility clusters." },
    formula: "corr(|r|, |r|[1], {d})",
    category: "volatility",
    unit: "ratio",
  },
  {
    name: "RETURN_VOLUME_CORR_{d}",
    expression: overReturns(`Corr(${RETURN},$volume,{d})`),
    title: {
      zh: "{d} 日收益率与成交量的相关系数",
      en: "correlation of {d} daily returns with the volume",
    },
    formula: "corr(r, V, {d})",
    category: "price and volume",
    unit: "ratio",
  },
  {
    name: "DRAWDOWN_{d}",
    expression: overCloses("$close/Max($close,{d})-1"),
    title: { zh: "距 {d} 日最高收盘价的回撤", en: "fall from the highest close of {d} days" },
    formula: "C / max(C, {d}) − 1",
    category: "range",
    unit: "ratio",
  },
  {
    name: "POSITION_{d}",
    expression: overCloses("($close-Min($close,{d}))/(Max($close,{d})-Min($close,{d}))"),
    title: {
      zh: "收盘价在 {d} 日收盘区间的位置",
      en: "place of the close between the extreme closes of {d} days",
    },
    description: {
      zh: "0 为最低,1 为最高;区间为零时为 NaN。",
      en: "0 at the lowest, 1 at the highest; NaN where all closes are equal.",
    },
    formula: "(C − min(C, {d})) / (max(C, {d}) − min(C, {d}))",
    category: "range",
    unit: "ratio",
  },
];

export const statistical: FactorSet = {
  name: "stat",
  title: {
    zh: "统计特征:Z 分数、偏度、峰度、自相关、回撤",
    en: "z-scores, moments, autocorrelations and distances from extremes",
  },
  source: "textbook definitions over daily returns r = C/C[1] − 1; x[1] is the day before",
  flatNames: true,
  factors: families.flatMap((family) => overWindows(family, WINDOWS)),
};
