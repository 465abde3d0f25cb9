import { accelerationBands, bollinger } from "./bands.ts";
import { declared, type Indicator, type TechnicalDeclaration } from "./declaration.ts";
import { trueRange } from "./price.ts";
import {
  averageTrueRange,
  historicalVolatility,
  normalizedTrueRange,
  returnVolatility,
  standardDeviation,
  variance,
} from "./volatility.ts";

const range: Indicator = {
  description: {
    zh: "真实波幅及其威尔德平均;停牌日沿用上一均值。",
    en: "True range and its mean by Wilder's smoothing; the mean is carried over suspended days.",
  },
  source: "Wilder (1978); TA-Lib TRANGE, ATR, NATR",
  category: "volatility",
  unit: "price",
};

const bollingerBands: Indicator = {
  description: {
    zh: "20 日均线上下各 2 个总体标准差(ddof 0)。",
    en: "20-day mean plus and minus 2 population deviations (ddof 0).",
  },
  source: "Bollinger (2001); TA-Lib BBANDS",
  category: "volatility",
  unit: "price",
};

const acceleration: Indicator = {
  description: {
    zh: "随振幅向外扩展的高低价均线。",
    en: "Means of the high and the low, moved outward by the day's range.",
  },
  source: "Headley (2002); TA-Lib ACCBANDS",
  category: "volatility",
  unit: "price",
};

const returns: Indicator = {
  description: {
    zh: "窗口内日收益率的样本标准差。",
    en: "Sample standard deviation of the daily returns of the window.",
  },
  source: "common",
  category: "volatility",
  unit: "ratio",
};

const spread: Indicator = {
  description: {
    zh: "窗口内收盘价的总体离散程度(ddof 0)。",
    en: "Spread of the closes of the window about their mean (ddof 0).",
  },
  source: "TA-Lib STDDEV, VAR",
  category: "volatility",
  unit: "price",
};

const bands = bollinger({ period: 20, deviations: 2 });
const bandParameters = { period: 20, deviations: 2, ddof: 0 };
const accbands = accelerationBands(20);

export const volatilityFactors: readonly TechnicalDeclaration[] = [
  declared(bollingerBands, {
    name: "BOLLINGER_UPPER",
    title: { zh: "布林上轨(20,2)", en: "Upper Bollinger band (20, 2)" },
    formula: "mean + 2·σ",
    parameters: bandParameters,
    line: bands.upper,
  }),
  declared(bollingerBands, {
    name: "BOLLINGER_MIDDLE",
    title: { zh: "布林中轨(20)", en: "Middle Bollinger band (20)" },
    formula: "Σ close / 20",
    parameters: bandParameters,
    line: bands.middle,
  }),
  declared(bollingerBands, {
    name: "BOLLINGER_LOWER",
    title: { zh: "布林下轨(20,2)", en: "Lower Bollinger band (20, 2)" },
    formula: "mean − 2·σ",
    parameters: bandParameters,
    line: bands.lower,
  }),
  declared(
    { ...bollingerBands, unit: "ratio" },
    {
      name: "BOLLINGER_PCTB",
      title: { zh: "布林 %b", en: "Bollinger %b" },
      formula: "(close − lower) / (upper − lower)",
      parameters: bandParameters,
      line: bands.percentB,
    },
  ),
  declared(
    { ...bollingerBands, unit: "ratio" },
    {
      name: "BOLLINGER_WIDTH",
      title: { zh: "布林带宽", en: "Bollinger bandwidth" },
      formula: "(upper − lower) / middle",
      parameters: bandParameters,
      line: bands.width,
    },
  ),
  declared(range, {
    name: "TRANGE",
    title: { zh: "真实波幅", en: "True range" },
    formula: "max(high, close₋₁) − min(low, close₋₁)",
    line: trueRange,
  }),
  declared(range, {
    name: "ATR14",
    alias: "ATR",
    title: { zh: "14 日平均真实波幅", en: "14-day average true range" },
    formula: "W ← W + (TR − W)/14, W₀ = mean of the first 14",
    parameters: { period: 14, smoothing: "wilder" },
    line: averageTrueRange({ period: 14 }),
  }),
  declared(
    { ...range, unit: "percent" },
    {
      name: "NATR14",
      title: { zh: "14 日归一化真实波幅", en: "14-day average true range in per cent of the close" },
      formula: "100·ATR / close",
      parameters: { period: 14, smoothing: "wilder" },
      line: normalizedTrueRange({ period: 14 }),
    },
  ),
  declared(returns, {
    name: "VOLATILITY20",
    alias: "VOLATILITY",
    title: { zh: "20 日波动率", en: "20-day volatility" },
    formula: "std(close / close₋₁ − 1), ddof 1",
    parameters: { period: 20, ddof: 1 },
    line: returnVolatility(20),
  }),
  declared(
    {
      ...returns,
      description: {
        zh: "窗口内对数收益率的样本标准差,按 252 个交易日年化。",
        en: "Sample standard deviation of the logarithmic returns of the window, a year of 252 sessions.",
      },
    },
    {
      name: "HISTORICAL_VOLATILITY20",
      alias: "HISTORICAL_VOLATILITY",
      title: { zh: "20 日年化历史波动率", en: "20-day historical volatility, annualised" },
      formula: "std(ln(close / close₋₁))·√252, ddof 1",
      parameters: { period: 20, days: 252, ddof: 1 },
      line: historicalVolatility(20),
    },
  ),
  declared(spread, {
    name: "STDDEV20",
    title: { zh: "20 日收盘价标准差", en: "20-day standard deviation of the close" },
    formula: "√(Σ(close − mean)² / 20)",
    parameters: { period: 20, ddof: 0 },
    line: standardDeviation("$close", 20),
  }),
  declared(
    { ...spread, unit: "price squared" },
    {
      name: "VAR20",
      title: { zh: "20 日收盘价方差", en: "20-day variance of the close" },
      formula: "Σ(close − mean)² / 20",
      parameters: { period: 20, ddof: 0 },
      line: variance("$close", 20),
    },
  ),
  declared(acceleration, {
    name: "ACCBANDS_UPPER",
    title: { zh: "加速带上轨(20)", en: "Upper acceleration band (20)" },
    formula: "mean of high·(1 + 4·(high − low)/(high + low))",
    parameters: { period: 20 },
    line: accbands.upper,
  }),
  declared(acceleration, {
    name: "ACCBANDS_MIDDLE",
    title: { zh: "加速带中轨(20)", en: "Middle acceleration band (20)" },
    formula: "Σ close / 20",
    parameters: { period: 20 },
    line: accbands.middle,
  }),
  declared(acceleration, {
    name: "ACCBANDS_LOWER",
    title: { zh: "加速带下轨(20)", en: "Lower acceleration band (20)" },
    formula: "mean of low·(1 − 4·(high − low)/(high + low))",
    parameters: { period: 20 },
    line: accbands.lower,
  }),
];
