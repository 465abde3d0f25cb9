import type { FactorSet } from "../factor-set.ts";
import type { TechnicalDeclaration } from "./declaration.ts";
import { momentumFactors } from "./momentum-factors.ts";
import { movingAverageFactors } from "./moving-average-factors.ts";
import { trendFactors } from "./trend-factors.ts";
import { volatilityFactors } from "./volatility-factors.ts";
import { volumeFactors } from "./volume-factors.ts";

interface TechnicalSet extends FactorSet {
  readonly factors: readonly TechnicalDeclaration[];
}

/**
 * The technical catalogue: indicators over a stock's own bars as expressions, in price units of the adjusted prices. The
 * defaults are the requirement's; other variants come from the builders beside this file.
 */
export const technical: TechnicalSet = {
  name: "tech",
  title: { zh: "技术指标", en: "Technical indicators" },
  source: "Wilder, Bollinger, Lane, Chande, Kaufman and others, as TA-Lib and 通达信 have them",
  version: "1",
  flatNames: true,
  factors: [
    ...movingAverageFactors,
    ...momentumFactors,
    ...trendFactors,
    ...volumeFactors,
    ...volatilityFactors,
  ].map((factor) => ({ ...factor, float32: true })),
};
