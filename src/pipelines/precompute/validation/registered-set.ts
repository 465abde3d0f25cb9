import { ExpressionError } from "#expression/errors";
import { treeOf } from "#expression/ir/build";
import { operatorNamed } from "#expression/operators/registry";
import { checkFields } from "#expression/run/fields";
import { formatExpression } from "#expression/syntax/format";
import { childrenOf, type SyntaxNode } from "#expression/syntax/tree";
import { refuseLookAhead } from "#factors/compute";
import type { Panel } from "#panel/panel";
import type { StorableFactor, StorableSet } from "../portable-set.ts";

/**
 * A factor set as far as it can be known without compiling it: the canonical expressions that lineage holds, and what
 * cannot be computed from the fields at hand.
 */
export interface RegisteredFactor {
  readonly name: string;
  readonly unit: string | undefined;
  /** As the lineage has it; null when the expression does not parse. */
  readonly canonical: string | null;
  /** Whether values depend on other instruments, so that a change of one block is a change of all. */
  readonly reachesAcross: boolean;
  readonly problem: ExpressionError | null;
}

/** Texts and trees by declaration: shipped sets are parsed once in a process. */
const parsed = new WeakMap<object, Parsed>();

interface Parsed {
  readonly tree: SyntaxNode | null;
  readonly canonical: string | null;
  readonly reachesAcross: boolean;
  readonly problem: ExpressionError | null;
}

export function registeredFactors(
  set: StorableSet,
  shape: Panel<"market">,
  isStored: (name: string) => boolean,
): RegisteredFactor[] {
  return set.factors.map((declaration) => {
    let known = parsed.get(declaration);
    if (known === undefined) parsed.set(declaration, (known = parse(declaration.expression)));
    const { tree, canonical, reachesAcross } = known;
    const problem = known.problem ?? (tree === null ? null : checkFields(tree, shape, {}));
    return {
      name: declaration.name,
      unit: declaration.unit,
      canonical,
      reachesAcross,
      // Compiling says more, and is only worth its time for what is not there.
      problem: problem ?? (isStored(declaration.name) ? null : refusal(declaration)),
    };
  });
}

function parse(expression: StorableFactor["expression"]): Parsed {
  try {
    const tree = treeOf(expression);
    return { tree, canonical: formatExpression(tree), reachesAcross: reachesAcross(tree), problem: null };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { tree: null, canonical: null, reachesAcross: false, problem: error };
  }
}

function reachesAcross(tree: SyntaxNode): boolean {
  if (tree.kind === "periodic") return true;
  if (tree.kind === "call" && operatorNamed(tree.operator)?.scope !== undefined) return true;
  return childrenOf(tree).some(reachesAcross);
}

function refusal({ name, expression }: StorableFactor): ExpressionError | null {
  try {
    refuseLookAhead(name, expression);
    return null;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return error;
  }
}
