import { alpha158 } from "./alpha158.ts";
import { alpha360 } from "./alpha360.ts";
import { base } from "./base/base.ts";
import { candlestick } from "./candlestick/candlestick.ts";
import type { FactorSet } from "./factor-set.ts";
import { fundamental } from "./fundamental/fundamental.ts";
import { registryOf, type FactorRegistry, type RegisteredFactor } from "./registry.ts";
import { statistical } from "./statistical/statistical.ts";
import { technical } from "./technical/technical.ts";
import { time } from "./time/time.ts";

/** Every shipped factor set, in the order of the catalogue. */
export const factorSets: readonly FactorSet[] = [
  alpha158,
  alpha360,
  technical,
  fundamental,
  base,
  statistical,
  time,
  candlestick,
];

/** The shipped sets under all their names. A clash among them is a defect, which a test finds. */
export const shippedFactors: FactorRegistry = registryOf(factorSets);

/** The shipped set of that name. Throws `ExpressionError` EXPRESSION_SET_UNKNOWN. */
export function factorSet(name: string): FactorSet {
  return shippedFactors.set(name);
}

/** The shipped factor of a name: `alpha158.MA5`, or one of its flat names, `alpha_019`. */
export function findFactor(name: string): RegisteredFactor | undefined {
  return shippedFactors.find(name);
}
