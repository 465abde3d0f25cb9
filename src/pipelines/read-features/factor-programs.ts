import type { Graph } from "#expression/ir/node";
import { planBlocks } from "#expression/plan/block-plan";
import { appendReach } from "#expression/run/append-reach";
import { fieldsOfLines } from "#expression/run/broken-lines";
import { factorGraph, type FactorFailure, type FactorList } from "#factors/compute";
import type { Panel } from "#panel/panel";
import { partition } from "../precompute/factor-parts.ts";

/**
 * Graphs of factors that are computed together, kept so that the next request with the same ones finds them compiled:
 * compiled code belongs to its graph.
 */
export type NamedFactor = FactorList["factors"][number];

/** How far a factor's values reach: some rows back, all rows back, or to other instruments. */
export type FactorScope = "window" | "endless" | "across";

export interface FactorReach {
  /** Rows before the first wanted one that are read; Infinity when all earlier ones. */
  readonly lookBack: number;
  /** Fields in which a ±inf changes all later values; see `mendBrokenLines`. */
  readonly lineFields: ReadonlySet<string>;
}

export interface FactorProgram extends FactorReach {
  readonly graph: Graph;
  readonly precision: "f32" | "f64";
  /** Lower-case names of the fields read. */
  readonly fields: ReadonlySet<string>;
}

export interface CheckedFactors {
  readonly scopes: ReadonlyMap<string, FactorScope>;
  /** Lower-case names of the fields that any of them reads. */
  readonly fields: ReadonlySet<string>;
  readonly failures: readonly FactorFailure[];
}

const KEPT = 16;

export class FactorPrograms {
  readonly #programs = new Map<string, FactorProgram>();
  readonly #checked = new Map<string, CheckedFactors>();
  readonly #reaches = new Map<string, FactorReach>();

  /** Which of the factors can be computed from these fields, and how far they reach. */
  check(factors: readonly NamedFactor[], shape: Panel): CheckedFactors {
    return keptOf(this.#checked, keyOf(factors, [...shape.columns.keys()].join()), () => {
      const { graph, failures } = factorGraph({ factors }, shape);
      return { scopes: scopesOf(graph), fields: fieldsOf(graph), failures };
    });
  }

  /** How far back one factor reads; of `window` factors. */
  reach(factor: NamedFactor, shape: Panel, precision: "f32" | "f64"): FactorReach {
    const key = keyOf([factor], precision);
    let reach = this.#reaches.get(key);
    if (reach === undefined)
      this.#reaches.set(key, (reach = reachOf(factorGraph({ factors: [factor] }, shape).graph, precision)));
    return reach;
  }

  /** Factors that stay within their instrument and can be computed. */
  program(factors: readonly NamedFactor[], shape: Panel, precision: "f32" | "f64"): FactorProgram {
    return keptOf(this.#programs, keyOf(factors, precision), () => {
      const { graph } = factorGraph({ factors }, shape);
      return { graph, precision, fields: fieldsOf(graph), ...reachOf(graph, precision) };
    });
  }
}

function reachOf(graph: Graph, precision: "f32" | "f64"): FactorReach {
  const plan = planBlocks(graph, { precision });
  const reach = appendReach(plan, { resumed: false });
  const inputs = [...plan.fields.map(({ node }) => node), ...plan.given];
  return {
    lookBack: Math.max(0, ...inputs.map((node) => reach.get(node) ?? 0)),
    lineFields: fieldsOfLines(graph),
  };
}

function keyOf(factors: readonly NamedFactor[], more: string): string {
  const texts = factors.map(({ name, expression, float32 = false }) =>
    JSON.stringify([name, expression, float32]),
  );
  return `${texts.join()} ${more}`;
}

function keptOf<Value>(kept: Map<string, Value>, key: string, make: () => Value): Value {
  const value = kept.get(key) ?? make();
  kept.delete(key);
  kept.set(key, value);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
  return value;
}

function fieldsOf({ nodes }: Graph): ReadonlySet<string> {
  return new Set(nodes.flatMap((node) => (node.kind === "field" ? [node.name.toLowerCase()] : [])));
}

function scopesOf(graph: Graph): ReadonlyMap<string, FactorScope> {
  const { within, endless, across } = partition(graph);
  const scopeOf = (outputs: Graph["outputs"], scope: FactorScope): (readonly [string, FactorScope])[] =>
    outputs.map(({ name }) => [name, scope]);
  return new Map([
    ...scopeOf(within, "window"),
    ...scopeOf(endless, "endless"),
    ...scopeOf(across, "across"),
  ]);
}
