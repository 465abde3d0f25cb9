import type { Bilingual, FactorDeclaration, FactorSet } from "../factor-set.ts";

/**
 * Price, volume and range features under the names that the requirement's `FeatureCalculator` gives them; they come from
 * bars, not from accounts. Definitions are pandas': `pct_change` without filling, windows that are NaN until they are full
 * (`min_periods` = window), sample deviation (n − 1); days without a price are left out of a window once it is full. Where
 * the earlier volume is 0 a change of it is NaN, where pandas has ±inf. Names that differ and mean the same are one
 * node of the graph, computed once: `momentum_5d` is `price_change_5d`.
 */
const CHANGE = "$close/Ref($close, 1)-1";

/** 0 becomes NaN: x / 1 where traded, 0 / 0 where not. */
const EARLIER_VOLUME = (days: number): string => `Ref($volume/($volume>0), ${days})`;

interface Texts {
  readonly title: Bilingual;
  readonly description?: Bilingual;
  readonly formula: string;
  readonly category: string;
  readonly unit?: string;
  readonly parameters?: Readonly<Record<string, number | string>>;
}

function feature(name: string, expression: string, texts: Texts): FactorDeclaration {
  return { name, expression, unit: "ratio", ...texts };
}

const priceChange = (days: number): FactorDeclaration =>
  feature(days === 1 ? "price_change" : `price_change_${days}d`, `$close/Ref($close, ${days})-1`, {
    title: {
      zh: days === 1 ? "价格变化率" : `${days} 日价格变化率`,
      en: days === 1 ? "change of the close" : `change of the close over ${days} days`,
    },
    formula: `C / C[${days}] − 1`,
    category: "price",
    parameters: { days },
  });

const momentum = (days: number): FactorDeclaration =>
  feature(`momentum_${days}d`, `$close/Ref($close, ${days})-1`, {
    title: { zh: `${days} 日价格动量`, en: `${days}-day price momentum` },
    formula: `C / C[${days}] − 1`,
    category: "momentum",
    parameters: { days },
  });

const volumeMomentum = (days: number): FactorDeclaration =>
  feature(`volume_momentum_${days}d`, `$volume/${EARLIER_VOLUME(days)}-1`, {
    title: { zh: `${days} 日成交量动量`, en: `${days}-day volume momentum` },
    formula: `V / V[${days}] − 1`,
    category: "volume",
    parameters: { days },
  });

const volatility = (days: number): FactorDeclaration =>
  feature(`volatility_${days}d`, `WarmUp(Std(${CHANGE}, ${days}), ${days})`, {
    title: { zh: `${days} 日波动率`, en: `${days}-day volatility` },
    description: {
      zh: "日收益率的样本标准差(n − 1),未年化;前几日数据不足时为 NaN。",
      en: "Sample deviation (n − 1) of daily changes, not annualised; NaN until the window is full.",
    },
    formula: `std(C / C[1] − 1, ${days})`,
    category: "volatility",
    parameters: { window: days },
  });

const againstClose = (field: string, zh: string): FactorDeclaration =>
  feature(`${field}_close_ratio`, `$${field}/$close`, {
    title: { zh: `${zh}收盘比率`, en: `${field} against the close` },
    formula: `${field[0]!.toUpperCase()} / C`,
    category: "bar",
  });

export const fundamental: FactorSet = {
  name: "fund",
  title: {
    zh: "基本面式特征:价格变化、成交量、波动率、动量、价格区间",
    en: "fundamental-style features of bars: changes, volume, volatility, momentum, range",
  },
  source: "the FeatureCalculator features, with pandas' pct_change and rolling as definitions",
  flatNames: true,
  factors: [
    priceChange(1),
    priceChange(5),
    priceChange(20),
    feature("price_position", "WarmUp(($close-Min($low, 20))/(Max($high, 20)-Min($low, 20)), 19)", {
      title: { zh: "价格在 20 日区间的位置", en: "place of the close in the 20-day range" },
      description: {
        zh: "0 为 20 日最低价,1 为 20 日最高价;区间为零时为 NaN。",
        en: "0 at the lowest low, 1 at the highest high; NaN where the range is zero.",
      },
      formula: "(C − min(L, 20)) / (max(H, 20) − min(L, 20))",
      category: "range",
      parameters: { window: 20 },
    }),
    feature("volume_change", `$volume/${EARLIER_VOLUME(1)}-1`, {
      title: { zh: "成交量变化率", en: "change of the volume" },
      description: { zh: "前一日无成交时为 NaN。", en: "NaN where nothing was traded the day before." },
      formula: "V / V[1] − 1",
      category: "volume",
      parameters: { days: 1 },
    }),
    feature("volume_ma_ratio", "WarmUp($volume/Mean($volume, 20), 19)", {
      title: { zh: "成交量与 20 日均量比率", en: "volume against its 20-day mean" },
      formula: "V / mean(V, 20)",
      category: "volume",
      parameters: { window: 20 },
    }),
    volatility(5),
    volatility(20),
    momentum(5),
    momentum(20),
    volumeMomentum(5),
    volumeMomentum(20),
    feature("price_range", "$high-$low", {
      title: { zh: "价格范围(最高 − 最低)", en: "high minus low" },
      formula: "H − L",
      category: "range",
      unit: "price",
    }),
    feature("price_range_ratio", "($high-$low)/$close", {
      title: { zh: "价格范围比率", en: "high minus low, against the close" },
      formula: "(H − L) / C",
      category: "range",
    }),
    againstClose("open", "开盘"),
    againstClose("high", "最高"),
    againstClose("low", "最低"),
  ].map((factor) => ({ ...factor, float32: true })),
};
