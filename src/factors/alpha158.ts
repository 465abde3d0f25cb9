import type { Bilingual, FactorDeclaration, FactorSet } from "./factor-set.ts";
import { overWindows, type FactorFamily } from "./family.ts";

/**
 * Qlib's Alpha158: 9 shapes of the day's bar, 4 prices against the close, 29 families over 5 windows. Names, expressions
 * and order are those of Alpha158DL in qlib/contrib/data/loader.py; `alpha_001` … `alpha_158` number them.
 */
const WINDOWS = [5, 10, 20, 30, 60] as const;

const BAR: readonly FactorDeclaration[] = [
  shape("KMID", "($close-$open)/$open", { zh: "实体占开盘价之比", en: "body against the open" }),
  shape("KLEN", "($high-$low)/$open", { zh: "振幅占开盘价之比", en: "range against the open" }),
  shape("KMID2", "($close-$open)/($high-$low+1e-12)", { zh: "实体占振幅之比", en: "body against the range" }),
  shape("KUP", "($high-Greater($open, $close))/$open", {
    zh: "上影线占开盘价之比",
    en: "upper shadow against the open",
  }),
  shape("KUP2", "($high-Greater($open, $close))/($high-$low+1e-12)", {
    zh: "上影线占振幅之比",
    en: "upper shadow against the range",
  }),
  shape("KLOW", "(Less($open, $close)-$low)/$open", {
    zh: "下影线占开盘价之比",
    en: "lower shadow against the open",
  }),
  shape("KLOW2", "(Less($open, $close)-$low)/($high-$low+1e-12)", {
    zh: "下影线占振幅之比",
    en: "lower shadow against the range",
  }),
  shape("KSFT", "(2*$close-$high-$low)/$open", {
    zh: "收盘偏离区间中点占开盘价之比",
    en: "twice the close's shift from mid-range, against the open",
  }),
  shape("KSFT2", "(2*$close-$high-$low)/($high-$low+1e-12)", {
    zh: "收盘偏离区间中点占振幅之比",
    en: "twice the close's shift from mid-range, against the range",
  }),
  shape("OPEN0", "$open/$close", { zh: "开盘价与收盘价之比", en: "open against the close" }),
  shape("HIGH0", "$high/$close", { zh: "最高价与收盘价之比", en: "high against the close" }),
  shape("LOW0", "$low/$close", { zh: "最低价与收盘价之比", en: "low against the close" }),
  shape("VWAP0", "$vwap/$close", { zh: "均价与收盘价之比", en: "vwap against the close" }),
];

const FAMILIES: readonly FactorFamily[] = [
  family("ROC", "Ref($close, {d})/$close", {
    category: "momentum",
    zh: "{d} 日前收盘价与今收盘价之比",
    en: "close {d} days ago against today's",
  }),
  family("MA", "Mean($close, {d})/$close", {
    category: "trend",
    zh: "{d} 日均价与收盘价之比",
    en: "{d}-day mean close against the close",
  }),
  family("STD", "Std($close, {d})/$close", {
    category: "volatility",
    zh: "{d} 日收盘价标准差与收盘价之比",
    en: "{d}-day deviation of the close against the close",
  }),
  family("BETA", "Slope($close, {d})/$close", {
    category: "trend",
    zh: "{d} 日回归斜率与收盘价之比",
    en: "slope of {d} closes against the close",
  }),
  family("RSQR", "Rsquare($close, {d})", {
    category: "trend",
    zh: "{d} 日回归决定系数",
    en: "R² of the line through {d} closes",
  }),
  family("RESI", "Resi($close, {d})/$close", {
    category: "trend",
    zh: "{d} 日回归残差与收盘价之比",
    en: "today's residual from the line through {d} closes, against the close",
  }),
  family("MAX", "Max($high, {d})/$close", {
    category: "range",
    zh: "{d} 日最高价与收盘价之比",
    en: "highest high of {d} days against the close",
  }),
  family("MIN", "Min($low, {d})/$close", {
    category: "range",
    zh: "{d} 日最低价与收盘价之比",
    en: "lowest low of {d} days against the close",
  }),
  family("QTLU", "Quantile($close, {d}, 0.8)/$close", {
    category: "range",
    zh: "{d} 日收盘价 80% 分位数与收盘价之比",
    en: "80th percentile of {d} closes against the close",
  }),
  family("QTLD", "Quantile($close, {d}, 0.2)/$close", {
    category: "range",
    zh: "{d} 日收盘价 20% 分位数与收盘价之比",
    en: "20th percentile of {d} closes against the close",
  }),
  family("RANK", "Rank($close, {d})", {
    category: "range",
    zh: "收盘价在 {d} 日内的排名分位",
    en: "rank of the close among {d} days, as a share",
  }),
  family("RSV", "($close-Min($low, {d}))/(Max($high, {d})-Min($low, {d})+1e-12)", {
    category: "range",
    zh: "{d} 日未成熟随机值",
    en: "place of the close in the {d}-day range",
  }),
  family("IMAX", "IdxMax($high, {d})/{d}", {
    category: "range",
    zh: "{d} 日最高价所在位置",
    en: "place of the highest high in {d} days: 1 is today",
  }),
  family("IMIN", "IdxMin($low, {d})/{d}", {
    category: "range",
    zh: "{d} 日最低价所在位置",
    en: "place of the lowest low in {d} days: 1 is today",
  }),
  family("IMXD", "(IdxMax($high, {d})-IdxMin($low, {d}))/{d}", {
    category: "range",
    zh: "{d} 日最高价与最低价位置之差",
    en: "place of the highest high minus that of the lowest low in {d} days",
  }),
  family("CORR", "Corr($close, Log($volume+1), {d})", {
    category: "price and volume",
    zh: "{d} 日收盘价与对数成交量的相关系数",
    en: "{d}-day correlation of close and log volume",
  }),
  family("CORD", "Corr($close/Ref($close,1), Log($volume/Ref($volume, 1)+1), {d})", {
    category: "price and volume",
    zh: "{d} 日价格变化与成交量变化的相关系数",
    en: "{d}-day correlation of price change and log volume change",
  }),
  family("CNTP", "Mean($close>Ref($close, 1), {d})", {
    category: "momentum",
    zh: "{d} 日上涨天数占比",
    en: "share of {d} days that rose",
  }),
  family("CNTN", "Mean($close<Ref($close, 1), {d})", {
    category: "momentum",
    zh: "{d} 日下跌天数占比",
    en: "share of {d} days that fell",
  }),
  family("CNTD", "Mean($close>Ref($close, 1), {d})-Mean($close<Ref($close, 1), {d})", {
    category: "momentum",
    zh: "{d} 日涨跌天数占比之差",
    en: "share of {d} days that rose minus those that fell",
  }),
  family("SUMP", "Sum(Greater($close-Ref($close, 1), 0), {d})/(Sum(Abs($close-Ref($close, 1)), {d})+1e-12)", {
    category: "momentum",
    zh: "{d} 日涨幅占总变动之比",
    en: "gains' share of all moves in {d} days",
  }),
  family("SUMN", "Sum(Greater(Ref($close, 1)-$close, 0), {d})/(Sum(Abs($close-Ref($close, 1)), {d})+1e-12)", {
    category: "momentum",
    zh: "{d} 日跌幅占总变动之比",
    en: "losses' share of all moves in {d} days",
  }),
  family(
    "SUMD",
    "(Sum(Greater($close-Ref($close, 1), 0), {d})-Sum(Greater(Ref($close, 1)-$close, 0), {d}))/(Sum(Abs($close-Ref($close, 1)), {d})+1e-12)",
    {
      category: "momentum",
      zh: "{d} 日涨跌幅之差占总变动之比",
      en: "gains minus losses as a share of all moves in {d} days",
    },
  ),
  family("VMA", "Mean($volume, {d})/($volume+1e-12)", {
    category: "volume",
    zh: "{d} 日均量与成交量之比",
    en: "{d}-day mean volume against the volume",
  }),
  family("VSTD", "Std($volume, {d})/($volume+1e-12)", {
    category: "volume",
    zh: "{d} 日成交量标准差与成交量之比",
    en: "{d}-day deviation of the volume against the volume",
  }),
  family(
    "WVMA",
    "Std(Abs($close/Ref($close, 1)-1)*$volume, {d})/(Mean(Abs($close/Ref($close, 1)-1)*$volume, {d})+1e-12)",
    {
      category: "price and volume",
      zh: "{d} 日成交量加权价格波动的变异系数",
      en: "variation of {d} days' volume-weighted price moves",
    },
  ),
  family(
    "VSUMP",
    "Sum(Greater($volume-Ref($volume, 1), 0), {d})/(Sum(Abs($volume-Ref($volume, 1)), {d})+1e-12)",
    {
      category: "volume",
      zh: "{d} 日放量占成交量总变动之比",
      en: "rises' share of all volume moves in {d} days",
    },
  ),
  family(
    "VSUMN",
    "Sum(Greater(Ref($volume, 1)-$volume, 0), {d})/(Sum(Abs($volume-Ref($volume, 1)), {d})+1e-12)",
    {
      category: "volume",
      zh: "{d} 日缩量占成交量总变动之比",
      en: "falls' share of all volume moves in {d} days",
    },
  ),
  family(
    "VSUMD",
    "(Sum(Greater($volume-Ref($volume, 1), 0), {d})-Sum(Greater(Ref($volume, 1)-$volume, 0), {d}))/(Sum(Abs($volume-Ref($volume, 1)), {d})+1e-12)",
    {
      category: "volume",
      zh: "{d} 日放量与缩量之差占总变动之比",
      en: "volume rises minus falls as a share of all volume moves in {d} days",
    },
  ),
];

function shape(name: string, expression: string, title: Bilingual): FactorDeclaration {
  return { name, expression, title, category: "bar", unit: "ratio" };
}

/** `{d}` stands for the window. */
function family(
  name: string,
  expression: string,
  about: Bilingual & { readonly category: string },
): FactorFamily {
  const { zh, en, category } = about;
  return { name: `${name}{d}`, expression, title: { zh, en }, category, unit: "ratio" };
}

export const alpha158: FactorSet = {
  name: "alpha158",
  title: { zh: "Qlib 的 158 个量价因子", en: "Qlib's 158 price and volume factors" },
  source: "Qlib, qlib/contrib/data/loader.py, Alpha158DL",
  factors: [...BAR, ...FAMILIES.flatMap((each) => overWindows(each, WINDOWS))].map((factor, index) => ({
    ...factor,
    float32: true,
    alias: `alpha_${String(index + 1).padStart(3, "0")}`,
  })),
};
