import type { AppliedOperator, Graph } from "../ir/node.ts";
import { candlestickLowerings } from "../operators/candlestick-lowering.ts";
import { arctangent } from "./arctangent.ts";
import { conditions } from "./conditions.ts";
import { deviations } from "./deviations.ts";
import { elementWise } from "./element-wise.ts";
import { extremes } from "./extremes.ts";
import type { Lowering } from "./lowering.ts";
import { moments } from "./moments.ts";
import { orderStatistics } from "./order-statistics.ts";
import { pairMoments } from "./pair-moments.ts";
import { rank } from "./rank.ts";
import { recurrenceLowering } from "./recurrences.ts";
import { reference } from "./reference.ts";
import { shape } from "./shape.ts";
import { sums } from "./sums.ts";
import { weightedMean } from "./weighted-mean.ts";

/** Every operator that becomes vector code, by name. What is not here is computed by its reference kernel. */
export const lowerings: ReadonlyMap<string, Lowering> = new Map(
  Object.entries({
    ...elementWise,
    ...arctangent,
    ...conditions,
    ...reference,
    ...sums,
    ...moments,
    ...pairMoments,
    ...extremes,
    ...rank,
    ...orderStatistics,
    ...deviations,
    ...shape,
    ...weightedMean,
    ...candlestickLowerings,
  }),
);

const known = new WeakMap<AppliedOperator, Lowering | null>();

/** The lowering of this use of an operator, or null when its reference kernel does the work. */
export function loweringOf(node: AppliedOperator, graph: Graph): Lowering | null {
  let lowering = known.get(node);
  if (lowering === undefined) known.set(node, (lowering = findLowering(node, graph)));
  return lowering;
}

function findLowering(node: AppliedOperator, graph: Graph): Lowering | null {
  const recurrence = recurrenceLowering(node);
  if (recurrence !== null) return recurrence;
  const lowering = lowerings.get(node.operator.name);
  if (lowering === undefined) return null;
  return lowering.supports?.(node, graph) === false ? null : lowering;
}
