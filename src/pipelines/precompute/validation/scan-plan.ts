import { fieldColumns } from "#expression/run/fields";
import { planPhases } from "#expression/plan/phases";
import type { Graph } from "#expression/ir/node";
import { lookBackOf } from "#expression/operators/reach";
import { factorGraph } from "#factors/compute";
import type { Panel } from "#panel/panel";
import { ordersOf, rangeOf, type FactorOrder, type FactorRange } from "./factor-ranges.ts";
import type { CheckedSet } from "./manifest-check.ts";
import { isComparable, type OutlierBounds } from "./outlier-bounds.ts";
import { jsonNumber, type FactorSummary } from "./report.ts";

/** What a scan needs to know of a set: its factors with bounds and look-backs, and the figures gathered so far. */
export interface ScanPlan {
  readonly checked: CheckedSet;
  readonly name: string;
  /** Graph of the set's current factors that stay within one instrument; outputs in the order of `factors`. */
  readonly graph: Graph;
  readonly factors: readonly PlannedFactor[];
  readonly orders: readonly FactorOrder[];
  /** Index of the factor with the shortest look-back: it decides whether a row without any value should have one. */
  readonly lead: number;
  /** Names of the factors that depend on other instruments. */
  readonly across: readonly string[];
  readonly precision: "f32" | "f64";
}

export interface PlannedFactor {
  readonly name: string;
  /** Lower-case names of the stored fields it reads. */
  readonly fields: readonly string[];
  /** Rows before its own that have to have inputs before a missing value is a gap. */
  readonly need: number;
  readonly range: FactorRange | null;
  readonly isComparable: boolean;
  bounds: OutlierBounds | null;
  readonly figures: Figures;
}

export interface Figures {
  values: number;
  expected: number;
  least: number;
  greatest: number;
  outliers: number;
  infinite: number;
  outside: number;
  gaps: number;
}

/** A recurrence depends on all earlier rows; after this many without a break a missing value is a gap. */
const ENDLESS_NEED = 250;

export function planScan(checked: CheckedSet, shape: Panel<"market">): ScanPlan | null {
  const { set, registered, current, stored } = checked;
  if (stored === null || current.size === 0) return null;
  const reaching = new Set(registered.filter((factor) => factor.reachesAcross).map(({ name }) => name));
  const isOwn = (name: string): boolean => current.has(name) && !reaching.has(name);
  const { graph } = factorGraph({ factors: set.factors.filter(({ name }) => isOwn(name)) }, shape);
  const units = new Map(registered.map(({ name, unit }) => [name, unit]));
  const known = new Set(fieldColumns(shape).keys());
  const factors = graph.outputs.map(({ name, node }): PlannedFactor => {
    const back = lookBackOf(graph.nodes[node]!.reach);
    const unit = units.get(name);
    return {
      name,
      fields: [...fieldsUnder(graph, node)].filter((field) => known.has(field)).sort(),
      need: Number.isFinite(back) ? back : ENDLESS_NEED,
      range: rangeOf(set.name, name, unit),
      isComparable: isComparable(unit ?? "1"),
      bounds: null,
      figures: {
        values: 0,
        expected: 0,
        least: Number.POSITIVE_INFINITY,
        greatest: Number.NEGATIVE_INFINITY,
        outliers: 0,
        infinite: 0,
        outside: 0,
        gaps: 0,
      },
    };
  });
  const names = new Set(factors.map(({ name }) => name));
  const across = [...current].filter((name) => reaching.has(name));
  if (factors.length === 0 && across.length === 0) return null;
  let lead = 0;
  for (const [index, { need }] of factors.entries()) if (need < factors[lead]!.need) lead = index;
  return {
    checked,
    name: set.name,
    graph: planPhases(graph).last,
    factors,
    orders: ordersOf(set.name, names),
    lead,
    across,
    precision: stored.fields.some(({ dtype }) => dtype === "f64") ? "f64" : "f32",
  };
}

function fieldsUnder(graph: Graph, root: number): ReadonlySet<string> {
  const fields = new Set<string>();
  const seen = new Set<number>();
  const open = [root];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const node = graph.nodes[id]!;
    if (node.kind === "field") fields.add(node.name);
    else if (node.kind === "apply") open.push(...node.inputs);
  }
  return fields;
}

export function summaryOf(plan: ScanPlan): FactorSummary[] {
  return plan.factors.map(({ name, bounds, figures }) => {
    const { least, greatest, ...counts } = figures;
    const isEmpty = counts.values === 0;
    return {
      set: plan.name,
      factor: name,
      ...counts,
      least: jsonNumber(isEmpty ? Number.NaN : least),
      greatest: jsonNumber(isEmpty ? Number.NaN : greatest),
      median: bounds?.median ?? null,
      deviation: bounds?.deviation ?? null,
    };
  });
}
