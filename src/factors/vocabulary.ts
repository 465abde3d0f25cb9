import type { Bilingual } from "./factor-set.ts";

/** The words that the catalogue files factors under, and the units their values come in, in both languages. */
export const factorCategories: Readonly<Record<string, Bilingual>> = {
  bar: { zh: "K 线", en: "bar shape" },
  price: { zh: "价格", en: "price" },
  trend: { zh: "趋势", en: "trend" },
  momentum: { zh: "动量", en: "momentum" },
  volatility: { zh: "波动率", en: "volatility" },
  volume: { zh: "成交量", en: "volume" },
  "price and volume": { zh: "量价", en: "price and volume" },
  range: { zh: "价格区间", en: "price range" },
  statistics: { zh: "统计", en: "statistics" },
  calendar: { zh: "日历", en: "calendar" },
  pattern: { zh: "蜡烛形态", en: "candlestick pattern" },
  cycle: { zh: "周期", en: "cycle" },
  "cross-section": { zh: "横截面", en: "cross-section" },
};

export const factorUnits: Readonly<Record<string, Bilingual>> = {
  ratio: { zh: "比率(无量纲)", en: "ratio, without a dimension" },
  percent: { zh: "百分数(0–100 制)", en: "per cent: 50 is one half" },
  price: { zh: "复权价格", en: "adjusted price" },
  "price squared": { zh: "复权价格的平方", en: "adjusted price squared" },
  "price a session": { zh: "每个交易日的复权价格", en: "adjusted price per session" },
  volume: { zh: "复权成交量", en: "adjusted volume" },
  "price × volume": { zh: "复权价格 × 复权成交量", en: "adjusted price × adjusted volume" },
  sessions: { zh: "交易日数", en: "sessions" },
  days: { zh: "自然日数", en: "calendar days" },
  deviations: { zh: "标准差的倍数", en: "standard deviations" },
  number: { zh: "序数", en: "ordinal number" },
  flag: { zh: "0 或 1", en: "0 or 1" },
  signal: {
    zh: "正为看涨、负为看跌、0 为无,绝对值至多 200",
    en: "positive is bullish, negative bearish, 0 none; at most 200",
  },
  degrees: { zh: "角度", en: "degrees" },
};
