import { macd } from "./convergence.ts";
import { declared, type Indicator, type TechnicalDeclaration } from "./declaration.ts";
import {
  averageDirectionalIndex,
  directionalIndex,
  directionalRating,
  minusIndicator,
  minusMovement,
  plusIndicator,
  plusMovement,
} from "./directional-movement.ts";
import { aroon, ichimoku, linearRegression, parabolicSar } from "./trend.ts";

const period = 14;

const convergence: Indicator = {
  description: {
    zh: "快慢指数均线之差、其信号线及两者之差;快线推迟起算,使两线同日开始。",
    en: "Difference of a fast and a slow exponential mean, its signal line, and theirs; the fast mean starts late, so that both begin together.",
  },
  source: "Appel (1979); TA-Lib MACD",
  category: "trend",
  unit: "price",
};

const movement: Indicator = {
  description: {
    zh: "威尔德趋向系统;没有任何趋向变动时为空,停牌日沿用上一值。",
    en: "Wilder's directional movement system; missing where there was no movement, carried over suspended days.",
  },
  source: "Wilder (1978) with TA-Lib's sums",
  category: "trend",
  unit: "percent",
};

const recent: Indicator = {
  description: {
    zh: "距最近最高价或最低价的天数;100 为今日。",
    en: "How recent the highest high or the lowest low is; 100 is today.",
  },
  source: "Chande (1995); TA-Lib AROON, AROONOSC",
  category: "trend",
  unit: "percent",
};

const cloud: Indicator = {
  description: {
    zh: "一目均衡图;先行带取今日所处位置的值(26 个交易日前算出),不含后移线。",
    en: "Ichimoku; the cloud is the one that stands over today, computed 26 sessions ago. The chikou line is left out: it is the future.",
  },
  source: "Hosoda (1969)",
  category: "trend",
  unit: "price",
};

const regression: Indicator = {
  description: {
    zh: "对窗口内收盘价作最小二乘直线;今日停牌时直线值为空。",
    en: "The least-squares line through the closes of the window; its value is missing on a suspended day.",
  },
  source: "TA-Lib, LINEARREG family and TSF",
  category: "trend",
  unit: "price",
};

const lines = macd({ fast: 12, slow: 26, signal: 9 });
const sides = aroon(period);
const ichi = ichimoku({ short: 9, middle: 26, long: 52 });
const line = linearRegression("$close", period);
const macdParameters = { fast: 12, slow: 26, signal: 9, seeding: "ta" };

export const trendFactors: readonly TechnicalDeclaration[] = [
  declared(convergence, {
    name: "MACD",
    title: { zh: "MACD 线(12,26)", en: "MACD line (12, 26)" },
    formula: "EMA₁₂ − EMA₂₆",
    parameters: macdParameters,
    line: lines.line,
  }),
  declared(convergence, {
    name: "MACD_SIGNAL",
    title: { zh: "MACD 信号线(9)", en: "MACD signal line (9)" },
    formula: "EMA₉(MACD)",
    parameters: macdParameters,
    line: lines.signal,
  }),
  declared(convergence, {
    name: "MACD_HIST",
    title: { zh: "MACD 柱", en: "MACD histogram" },
    formula: "MACD − signal",
    parameters: { ...macdParameters, histogram: 1 },
    line: lines.histogram,
  }),
  declared(
    {
      description: {
        zh: "抛物线止损转向:跟随趋势加速移动的止损价。",
        en: "Parabolic stop and reverse: a stop that follows the trend ever faster.",
      },
      source: "Wilder (1978); TA-Lib SAR",
      category: "trend",
      unit: "price",
    },
    {
      name: "SAR",
      title: { zh: "抛物线指标(0.02,0.2)", en: "Parabolic SAR (0.02, 0.2)" },
      formula: "SAR ← SAR + AF·(EP − SAR), AF grows by 0.02 with every new extreme up to 0.2",
      parameters: { step: 0.02, limit: 0.2 },
      line: parabolicSar(0.02, 0.2),
    },
  ),
  declared(movement, {
    name: "ADX14",
    alias: "ADX",
    title: { zh: "14 日平均趋向指数", en: "14-day average directional index" },
    formula: "W₁₄(DX)",
    parameters: { period },
    line: averageDirectionalIndex({ period }),
  }),
  declared(movement, {
    name: "ADXR14",
    title: { zh: "14 日平均趋向评估", en: "14-day directional movement rating" },
    formula: "(ADX + ADX₋₁₃) / 2",
    parameters: { period },
    line: directionalRating({ period }),
  }),
  declared(movement, {
    name: "DX14",
    title: { zh: "14 日趋向指数", en: "14-day directional index" },
    formula: "100·|+DI − −DI| / (+DI + −DI)",
    parameters: { period },
    line: directionalIndex({ period }),
  }),
  declared(movement, {
    name: "PLUS_DI14",
    alias: "PLUS_DI",
    title: { zh: "14 日正向指标", en: "14-day positive directional indicator" },
    formula: "100·S₁₄(+DM) / S₁₄(true range)",
    parameters: { period },
    line: plusIndicator({ period }),
  }),
  declared(movement, {
    name: "MINUS_DI14",
    alias: "MINUS_DI",
    title: { zh: "14 日负向指标", en: "14-day negative directional indicator" },
    formula: "100·S₁₄(−DM) / S₁₄(true range)",
    parameters: { period },
    line: minusIndicator({ period }),
  }),
  declared(
    { ...movement, unit: "price" },
    {
      name: "PLUS_DM14",
      title: { zh: "14 日正向变动", en: "14-day positive directional movement" },
      formula: "S ← S − S/14 + (up > down ? up⁺ : 0)",
      parameters: { period },
      line: plusMovement(period),
    },
  ),
  declared(
    { ...movement, unit: "price" },
    {
      name: "MINUS_DM14",
      title: { zh: "14 日负向变动", en: "14-day negative directional movement" },
      formula: "S ← S − S/14 + (down > up ? down⁺ : 0)",
      parameters: { period },
      line: minusMovement(period),
    },
  ),
  declared(recent, {
    name: "AROON_UP14",
    title: { zh: "14 日阿隆上升线", en: "14-day Aroon up" },
    formula: "100·(14 − days since the highest high of 15) / 14",
    parameters: { period },
    line: sides.up,
  }),
  declared(recent, {
    name: "AROON_DOWN14",
    title: { zh: "14 日阿隆下降线", en: "14-day Aroon down" },
    formula: "100·(14 − days since the lowest low of 15) / 14",
    parameters: { period },
    line: sides.down,
  }),
  declared(recent, {
    name: "AROONOSC14",
    title: { zh: "14 日阿隆振荡", en: "14-day Aroon oscillator" },
    formula: "Aroon up − Aroon down",
    parameters: { period },
    line: sides.oscillator,
  }),
  declared(cloud, {
    name: "ICHIMOKU_TENKAN",
    title: { zh: "一目转换线(9)", en: "Ichimoku tenkan-sen (9)" },
    formula: "(max high + min low) / 2 of 9",
    parameters: { period: 9 },
    line: ichi.tenkan,
  }),
  declared(cloud, {
    name: "ICHIMOKU_KIJUN",
    title: { zh: "一目基准线(26)", en: "Ichimoku kijun-sen (26)" },
    formula: "(max high + min low) / 2 of 26",
    parameters: { period: 26 },
    line: ichi.kijun,
  }),
  declared(cloud, {
    name: "ICHIMOKU_SENKOU_A",
    title: { zh: "一目先行带 A", en: "Ichimoku senkou span A" },
    formula: "(tenkan + kijun)/2 of 26 sessions ago",
    parameters: { short: 9, middle: 26 },
    line: ichi.senkouA,
  }),
  declared(cloud, {
    name: "ICHIMOKU_SENKOU_B",
    title: { zh: "一目先行带 B", en: "Ichimoku senkou span B" },
    formula: "(max high + min low)/2 of 52, of 26 sessions ago",
    parameters: { middle: 26, long: 52 },
    line: ichi.senkouB,
  }),
  declared(regression, {
    name: "LINEARREG14",
    title: { zh: "14 日回归线值", en: "14-day regression line today" },
    formula: "a + b·13",
    parameters: { period },
    line: line.value,
  }),
  declared(
    { ...regression, unit: "price a session" },
    {
      name: "LINEARREG_SLOPE14",
      title: { zh: "14 日回归斜率", en: "14-day regression slope" },
      formula: "b = Σ(t − t̄)(close − mean) / Σ(t − t̄)²",
      parameters: { period },
      line: line.slope,
    },
  ),
  declared(regression, {
    name: "LINEARREG_INTERCEPT14",
    title: { zh: "14 日回归截距", en: "14-day regression line at its oldest day" },
    formula: "a",
    parameters: { period },
    line: line.intercept,
  }),
  declared(
    { ...regression, unit: "degrees" },
    {
      name: "LINEARREG_ANGLE14",
      title: { zh: "14 日回归角度", en: "Angle of the 14-day regression line" },
      formula: "atan(b)·180/π",
      parameters: { period },
      line: line.angle,
    },
  ),
  declared(regression, {
    name: "TSF14",
    title: { zh: "14 日时间序列预测", en: "14-day time series forecast" },
    formula: "a + b·14",
    parameters: { period },
    line: line.forecast,
  }),
];
