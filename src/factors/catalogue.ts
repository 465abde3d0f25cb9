import { ExpressionError } from "#expression/errors";
import { nearestName } from "#expression/syntax/suggestion";
import { alpha158 } from "./alpha158.ts";
import { alpha360 } from "./alpha360.ts";
import type { FactorDeclaration, FactorSet } from "./factor-set.ts";

/** Every shipped factor set, by name. */
export const factorSets: readonly FactorSet[] = [alpha158, alpha360];

/** The set of that name. Throws `ExpressionError` EXPRESSION_SET_UNKNOWN. */
export function factorSet(name: string): FactorSet {
  const set = factorSets.find((candidate) => candidate.name === name);
  if (set !== undefined) return set;
  const names = factorSets.map((candidate) => candidate.name);
  const nearest = nearestName(name, names);
  throw new ExpressionError("EXPRESSION_SET_UNKNOWN", `there is no factor set ${name}`, {
    remedy: `${nearest === undefined ? "" : `did you mean ${nearest}? `}the sets are ${names.join(", ")}`,
  });
}

/**
 * Factors that a name stands for: `alpha158.MA5` is one, `alpha_019` its flat alias. A bare `MA5` is left to the
 * technical set, so it is not found here.
 */
export function findFactor(
  name: string,
): { readonly set: FactorSet; readonly factor: FactorDeclaration } | undefined {
  for (const set of factorSets) {
    for (const factor of set.factors) {
      if (factor.alias === name || `${set.name}.${factor.name}` === name) return { set, factor };
    }
  }
  return undefined;
}
