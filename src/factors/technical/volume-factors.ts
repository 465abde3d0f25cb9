import { declared, type Indicator, type TechnicalDeclaration } from "./declaration.ts";
import { rsi } from "./momentum.ts";
import {
  accumulationLine,
  accumulationOscillator,
  moneyFlow,
  onBalanceVolume,
  volumeWeightedPrice,
} from "./volume.ts";

const weighted: Indicator = {
  description: {
    zh: "以成交量加权的典型价均值;窗口内无成交时为空。",
    en: "Mean typical price weighted by volume; missing where nothing was traded.",
  },
  source: "common",
  category: "price and volume",
  unit: "price",
};

const cumulative: Indicator = {
  description: {
    zh: "自该证券首个交易日起累计,绝对水平取决于历史起点。",
    en: "Counted from the instrument's first row; its level depends on where the history starts.",
  },
  source: "Granville (1963); TA-Lib OBV",
  category: "volume",
  unit: "volume",
};

export const volumeFactors: readonly TechnicalDeclaration[] = [
  declared(weighted, {
    name: "VWAP20",
    alias: "VWAP",
    title: { zh: "20 日成交量加权均价", en: "20-day volume-weighted average price" },
    formula: "Σ TP·volume / Σ volume",
    parameters: { period: 20 },
    line: volumeWeightedPrice(20),
  }),
  declared(weighted, {
    name: "VWAP_ANCHORED",
    title: { zh: "上市以来成交量加权均价", en: "Volume-weighted average price since the first row" },
    formula: "Σ TP·volume / Σ volume from the first row on",
    parameters: { period: "anchored" },
    line: volumeWeightedPrice("anchored"),
  }),
  declared(cumulative, {
    name: "OBV",
    title: { zh: "能量潮", en: "On-balance volume" },
    formula: "OBV ← OBV + sign(Δclose)·volume, from the first volume on",
    line: onBalanceVolume,
  }),
  declared(
    { ...cumulative, source: "Chaikin; TA-Lib AD" },
    {
      name: "AD_LINE",
      title: { zh: "累积/派发线", en: "Accumulation/distribution line" },
      formula: "Σ ((close − low) − (high − close)) / (high − low)·volume",
      line: accumulationLine,
    },
  ),
  declared(
    {
      ...cumulative,
      description: {
        zh: "累积/派发线的快慢指数均线之差。",
        en: "Fast minus slow exponential mean of the accumulation/distribution line.",
      },
      source: "Chaikin; TA-Lib ADOSC",
    },
    {
      name: "ADOSC",
      title: { zh: "佳庆指标(3,10)", en: "Chaikin oscillator (3, 10)" },
      formula: "EMA₃(AD) − EMA₁₀(AD), from the first AD on",
      parameters: { fast: 3, slow: 10 },
      line: accumulationOscillator({ fast: 3, slow: 10 }),
    },
  ),
  declared(
    {
      description: {
        zh: "典型价上涨日成交额占涨跌日成交额的百分比;无资金流时为空。",
        en: "Amount traded on days of a rising typical price in per cent of rising and falling days; missing without either.",
      },
      source: "Quong and Soudack (1989); TA-Lib MFI",
      category: "price and volume",
      unit: "percent",
    },
    {
      name: "MFI14",
      title: { zh: "14 日资金流量指数", en: "14-day money flow index" },
      formula: "100·Σ⁺ TP·volume / (Σ⁺ + Σ⁻)",
      parameters: { period: 14 },
      line: moneyFlow({ period: 14 }),
    },
  ),
  declared(
    {
      description: {
        zh: "成交量增加占全部增减的百分比。",
        en: "Increases of volume in per cent of increases and decreases.",
      },
      source: "Wilder's RSI of the volume, averaged plainly after Cutler",
      category: "volume",
      unit: "percent",
    },
    {
      name: "VOLUME_RSI14",
      alias: "VOLUME_RSI",
      title: { zh: "14 日成交量相对强弱指数", en: "14-day relative strength index of the volume" },
      formula: "100·Σ Δvolume⁺ / Σ |Δvolume|",
      parameters: { period: 14, smoothing: "cutler" },
      line: rsi({ x: "$volume", period: 14 }),
    },
  ),
];
