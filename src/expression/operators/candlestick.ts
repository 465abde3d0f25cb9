import { patterns } from "#kernels/candlestick/catalogue";
import { recognise, type Pattern } from "#kernels/candlestick/pattern";
import { candlestickDefinitions } from "./candlestick-definitions.ts";
import { BEYOND_QLIB, seriesInput, type Operator, type Parameter } from "./declaration.ts";
import { union, windowedReach } from "./reach.ts";

/**
 * TA-Lib's candlestick patterns as operators of four prices, beyond Qlib: `CDLDOJI($open,$high,$low,$close)`. Those with a
 * penetration take it as a fifth argument.
 */
const prices: readonly Parameter[] = ["open", "high", "low", "close"].map((name) => ({
  name,
  kind: "series",
}));

const MISSING = "NaN at the first rows and where its bars are missing; averages leave missing bars out";

function candlestick(pattern: Pattern): Operator {
  const { title, definition } = candlestickDefinitions.get(pattern.name)!;
  return {
    name: pattern.name,
    family: "candlestick",
    summary: `${title}: ${definition}`,
    parameters:
      pattern.penetration === undefined ? prices : [...prices, { name: "penetration", kind: "share" }],
    missing: MISSING,
    source: `${BEYOND_QLIB}; TA-Lib 0.6, ${pattern.name}, with its default candle settings`,
    infinity: "absorbs",
    type: () => "f64",
    reach: (operands) => windowedReach(union(operands), pattern.lookBack + 1),
    compute(task) {
      const [open, high, low, close] = [0, 1, 2, 3].map((index) => seriesInput(task, index));
      const [penetration] = task.arguments as readonly number[];
      recognise(
        pattern,
        { open: open!, high: high!, low: low!, close: close! },
        penetration === undefined ? { out: task.out } : { out: task.out, penetration },
      );
    },
  };
}

/** One operator for each pattern, in the order of their names. */
export const candlesticks: readonly Operator[] = patterns.map(candlestick);
