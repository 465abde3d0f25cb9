import { candlestickDefinitions } from "#expression/operators/candlestick-definitions";
import { patterns } from "#kernels/candlestick/catalogue";
import type { FactorSet } from "../factor-set.ts";
import { chinese } from "./chinese.ts";
import { readingOf } from "./reading.ts";

/**
 * TA-Lib's 61 candlestick patterns on adjusted prices, with its default candle settings and penetrations. Values are 0 or
 * ±100, of engulfing and harami also ±80, of hikkake also ±200.
 */
const PRICES = "$open, $high, $low, $close";

const factors = patterns.map(({ name, penetration }) => {
  const { title, definition } = candlestickDefinitions.get(name)!;
  const words = chinese.get(name)!;
  const reading = readingOf.get(name)!;
  return {
    name,
    expression: `${name}(${PRICES}${penetration === undefined ? "" : `, ${penetration}`})`,
    title: { zh: words.title, en: title },
    description: { zh: `${words.definition}。${reading.zh}`, en: reading.en },
    formula: definition,
    source: `TA-Lib 0.6, ${name}`,
    category: "pattern",
    unit: "signal",
    ...(penetration === undefined ? {} : { parameters: { penetration } }),
  };
});

export const candlestick: FactorSet = {
  name: "candle",
  title: { zh: "TA-Lib 的 61 种 K 线形态", en: "TA-Lib's 61 candlestick patterns" },
  source: "TA-Lib 0.6, functions CDL…, default candle settings",
  flatNames: true,
  factors,
};
