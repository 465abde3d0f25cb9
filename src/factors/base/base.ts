import type { FactorDeclaration, FactorSet } from "../factor-set.ts";
import { overWindows, type FactorFamily } from "../family.ts";

/**
 * The rolling statistics of Qlib's language as factors, under the names that precomputed tables give them (`MEAN_5`,
 * `STD_20`, `CORR_10`): of the adjusted close unless the name says otherwise, over one week to one quarter of sessions.
 * They are levels, not ratios: `MEAN_5` is a price. Windows are Qlib's, short at an instrument's first rows, NaN left out.
 */
const WINDOWS = [5, 10, 20, 30, 60];

const families: readonly FactorFamily[] = [
  {
    name: "MEAN_{d}",
    expression: "Mean($close, {d})",
    title: { zh: "{d} 日收盘价均值", en: "{d}-day mean of the close" },
    category: "trend",
    unit: "price",
  },
  {
    name: "SUM_{d}",
    expression: "Sum($close, {d})",
    title: { zh: "{d} 日收盘价之和", en: "{d}-day sum of the close" },
    category: "trend",
    unit: "price",
  },
  {
    name: "MED_{d}",
    expression: "Med($close, {d})",
    title: { zh: "{d} 日收盘价中位数", en: "{d}-day median of the close" },
    category: "trend",
    unit: "price",
  },
  {
    name: "MAX_{d}",
    expression: "Max($close, {d})",
    title: { zh: "{d} 日最高收盘价", en: "highest close of {d} days" },
    category: "range",
    unit: "price",
  },
  {
    name: "MIN_{d}",
    expression: "Min($close, {d})",
    title: { zh: "{d} 日最低收盘价", en: "lowest close of {d} days" },
    category: "range",
    unit: "price",
  },
  {
    name: "QUANTILE80_{d}",
    expression: "Quantile($close, {d}, 0.8)",
    title: { zh: "{d} 日收盘价 80% 分位数", en: "80th percentile of the close over {d} days" },
    category: "range",
    unit: "price",
  },
  {
    name: "QUANTILE20_{d}",
    expression: "Quantile($close, {d}, 0.2)",
    title: { zh: "{d} 日收盘价 20% 分位数", en: "20th percentile of the close over {d} days" },
    category: "range",
    unit: "price",
  },
  {
    name: "RANK_{d}",
    expression: "Rank($close, {d})",
    title: {
      zh: "收盘价在 {d} 日内的排名分位",
      en: "rank of the close among {d} days, as a share",
    },
    description: {
      zh: "1 表示 {d} 日内最高;并列取平均名次。",
      en: "1 is the highest of the {d} days; ties share their mean rank.",
    },
    category: "range",
    unit: "ratio",
  },
  {
    name: "STD_{d}",
    expression: "Std($close, {d})",
    title: { zh: "{d} 日收盘价标准差", en: "{d}-day standard deviation of the close" },
    description: {
      zh: "样本标准差(自由度 n − 1)。价格水平的离散度;收益率的波动率见 stat.RETURN_STD。",
      en: "Sample deviation (n − 1). Of the price level; for the volatility of returns see stat.RETURN_STD.",
    },
    category: "volatility",
    unit: "price",
  },
  {
    name: "VAR_{d}",
    expression: "Var($close, {d})",
    title: { zh: "{d} 日收盘价方差", en: "{d}-day variance of the close" },
    category: "volatility",
    unit: "price squared",
  },
  {
    name: "SKEW_{d}",
    expression: "Skew($close, {d})",
    title: { zh: "{d} 日收盘价偏度", en: "{d}-day skewness of the close" },
    description: { zh: "无偏修正,至少 3 个值。", en: "Bias-corrected; needs 3 values." },
    category: "statistics",
    unit: "ratio",
  },
  {
    name: "KURT_{d}",
    expression: "Kurt($close, {d})",
    title: { zh: "{d} 日收盘价峰度", en: "{d}-day excess kurtosis of the close" },
    description: { zh: "无偏修正的超额峰度,至少 4 个值。", en: "Bias-corrected excess; needs 4 values." },
    category: "statistics",
    unit: "ratio",
  },
  {
    name: "DELTA_{d}",
    expression: "Delta($close, {d})",
    title: { zh: "{d} 日收盘价之差", en: "close minus the close {d} days ago" },
    category: "momentum",
    unit: "price",
  },
  {
    name: "CHANGE_{d}",
    expression: "$close/Ref($close, {d})-1",
    title: { zh: "{d} 日收益率", en: "return over {d} days" },
    category: "momentum",
    unit: "ratio",
  },
  {
    name: "SLOPE_{d}",
    expression: "Slope($close, {d})",
    title: { zh: "{d} 日收盘价线性回归斜率", en: "slope of the line through {d} closes" },
    category: "trend",
    unit: "price a session",
  },
  {
    name: "RSQUARE_{d}",
    expression: "Rsquare($close, {d})",
    title: {
      zh: "{d} 日收盘价线性回归决定系数",
      en: "R² of the line through {d} closes",
    },
    category: "trend",
    unit: "ratio",
  },
  {
    name: "CORR_{d}",
    expression: "Corr($close, $volume, {d})",
    title: {
      zh: "{d} 日收盘价与成交量的相关系数",
      en: "{d}-day correlation of close and volume",
    },
    category: "price and volume",
    unit: "ratio",
  },
  {
    name: "VOLUME_MEAN_{d}",
    expression: "Mean($volume, {d})",
    title: { zh: "{d} 日成交量均值", en: "{d}-day mean of the volume" },
    category: "volume",
    unit: "volume",
  },
  {
    name: "VOLUME_STD_{d}",
    expression: "Std($volume, {d})",
    title: { zh: "{d} 日成交量标准差", en: "{d}-day standard deviation of the volume" },
    category: "volume",
    unit: "volume",
  },
];

const factors: readonly FactorDeclaration[] = families
  .flatMap((family) => overWindows(family, WINDOWS))
  .map((factor) => ({ ...factor, float32: true }));

export const base: FactorSet = {
  name: "base",
  title: {
    zh: "基础滚动统计:均值、标准差、分位数、相关系数等",
    en: "rolling statistics of close and volume",
  },
  source: "Qlib's rolling operators, qlib/data/ops.py",
  flatNames: true,
  factors,
};
