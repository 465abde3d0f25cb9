import type { FactorDeclaration, FactorSet } from "./factor-set.ts";

/**
 * Qlib's Alpha360: the last 60 days of five prices against today's close and of the volume against today's, oldest
 * first. Names, expressions and order are those of Alpha360DL in qlib/contrib/data/loader.py.
 */
const DAYS = 60;

interface Series {
  readonly name: string;
  readonly field: string;
  readonly zh: string;
}

const SERIES: readonly Series[] = [
  { name: "CLOSE", field: "close", zh: "收盘价" },
  { name: "OPEN", field: "open", zh: "开盘价" },
  { name: "HIGH", field: "high", zh: "最高价" },
  { name: "LOW", field: "low", zh: "最低价" },
  { name: "VWAP", field: "vwap", zh: "均价" },
  { name: "VOLUME", field: "volume", zh: "成交量" },
];

function declarationOf({ name, field, zh }: Series, age: number): FactorDeclaration {
  const volume = field === "volume";
  const value = age === 0 ? `$${field}` : `Ref($${field}, ${age})`;
  return {
    name: `${name}${age}`,
    expression: `${value}/${volume ? "($volume+1e-12)" : "$close"}`,
    title: {
      zh: `${age === 0 ? "今日" : `${age} 日前`}${zh}与今日${volume ? "成交量" : "收盘价"}之比`,
      en: `${field} ${age === 0 ? "of today" : `${age} days ago`} against today's ${volume ? "volume" : "close"}`,
    },
    category: volume ? "volume" : "price",
    unit: "ratio",
    parameters: { age },
  };
}

export const alpha360: FactorSet = {
  name: "alpha360",
  title: {
    zh: "Qlib 的 60 日价格与成交量,共 360 列",
    en: "Qlib's 60 days of prices and volumes as 360 columns",
  },
  source: "Qlib, qlib/contrib/data/loader.py, Alpha360DL",
  factors: SERIES.flatMap((series) =>
    Array.from({ length: DAYS }, (_, index) => declarationOf(series, DAYS - 1 - index)),
  ),
};
