import type { FactorSet } from "./factor-set.ts";

/**
 * Qlib's Alpha360: the last 60 days of five prices against today's close and of the volume against today's, oldest
 * first. Names, expressions and order are those of Alpha360DL in qlib/contrib/data/loader.py.
 */
const DAYS = 60;

const SERIES: readonly (readonly [name: string, field: string, denominator: string])[] = [
  ["CLOSE", "$close", "$close"],
  ["OPEN", "$open", "$close"],
  ["HIGH", "$high", "$close"],
  ["LOW", "$low", "$close"],
  ["VWAP", "$vwap", "$close"],
  ["VOLUME", "$volume", "($volume+1e-12)"],
];

export const alpha360: FactorSet = {
  name: "alpha360",
  title: {
    zh: "Qlib 的 60 日价格与成交量,共 360 列",
    en: "Qlib's 60 days of prices and volumes as 360 columns",
  },
  source: "Qlib, qlib/contrib/data/loader.py, Alpha360DL",
  factors: SERIES.flatMap(([name, field, denominator]) =>
    Array.from({ length: DAYS }, (_, index) => {
      const age = DAYS - 1 - index;
      const value = age === 0 ? field : `Ref(${field}, ${age})`;
      return { name: `${name}${age}`, expression: `${value}/${denominator}` };
    }),
  ),
};
