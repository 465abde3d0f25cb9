import { ExpressionError } from "#expression/errors";
import { GraphBuilder, treeOf, type ExpressionSource } from "#expression/ir/build";
import type { Graph } from "#expression/ir/node";
import { lookAheadOf } from "#expression/operators/reach";
import { checkFields } from "#expression/run/fields";
import { evaluateExpressions, type EvaluatedColumn, type EvaluationOptions } from "#expression/run/evaluate";
import { panelOf, type Panel } from "#panel/panel";

/**
 * From declarations to a factor panel. A factor that looks ahead is refused here; a factor that cannot be computed is
 * reported and the others go on.
 */
export interface FactorFailure {
  readonly name: string;
  readonly expression: string;
  readonly error: ExpressionError;
}

export interface ComputedFactors {
  readonly panel: Panel<"factor">;
  /** The panel's columns with the facts about their expressions. */
  readonly columns: readonly EvaluatedColumn[];
  readonly failures: readonly FactorFailure[];
}

export interface FactorOptions extends EvaluationOptions {
  /** Only these factors of the set, by name or alias. */
  readonly only?: ReadonlySet<string>;
}

export interface GraphOptions extends FactorOptions {
  /** `allow` lets expressions see later rows: what comes out is then a label and no factor. Default `refuse`. */
  readonly lookAhead?: "refuse" | "allow";
}

/** What `computeFactors` takes: a factor set, or any list of named expressions. */
export interface FactorList {
  readonly factors: readonly {
    readonly name: string;
    readonly expression: ExpressionSource;
    readonly alias?: string;
    readonly float32?: boolean;
  }[];
}

/**
 * Graph of the factors that can be computed from these fields, and why the others cannot. The graph is the same for
 * every panel with the same fields, so a caller that works block by block builds it once.
 */
export function factorGraph(
  set: FactorList,
  panel: Panel,
  options: GraphOptions = {},
): { readonly graph: Graph; readonly failures: readonly FactorFailure[] } {
  const builder = new GraphBuilder();
  const failures: FactorFailure[] = [];
  for (const { name, expression, alias, float32 = false } of set.factors) {
    if (
      options.only !== undefined &&
      !options.only.has(name) &&
      !(alias !== undefined && options.only.has(alias))
    ) {
      continue;
    }
    try {
      const tree = treeOf(expression);
      const problem = checkFields(tree, panel, options);
      if (problem !== null) throw problem;
      if (options.lookAhead !== "allow") refuseLookAhead(name, expression);
      builder.add(name, tree, float32 ? { float32 } : {});
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      failures.push({ name, expression: typeof expression === "string" ? expression : name, error });
    }
  }
  return { graph: builder.graph(), failures };
}

/**
 * Computes factors on a panel of market fields: prices multiplied by their adjustment factor, volumes divided by it,
 * as Qlib's store has them. Shapes are the panel's; missing is NaN.
 */
export function computeFactors(set: FactorList, panel: Panel, options: FactorOptions = {}): ComputedFactors {
  const { graph, failures } = factorGraph(set, panel, { ...options, lookAhead: "refuse" });
  const columns = evaluateExpressions(graph, panel, options);
  const { time, instruments, first, last } = panel;
  return { panel: panelOf({ role: "factor", time, instruments, first, last, columns }), columns, failures };
}

/** Throws `ExpressionError` when the expression cannot be compiled or sees later rows. */
export function refuseLookAhead(name: string, expression: ExpressionSource): void {
  const probe = new GraphBuilder();
  probe.add(name, treeOf(expression));
  const graph = probe.graph();
  const ahead = lookAheadOf(graph.nodes[graph.outputs[0]!.node]!.reach);
  if (ahead === 0) return;
  throw new ExpressionError(
    "EXPRESSION_LOOKS_AHEAD",
    `${name} uses values up to ${ahead} rows after its own`,
    {
      remedy: "make it a label, or shift it back with Ref(x, N) by at least as many rows",
    },
  );
}
