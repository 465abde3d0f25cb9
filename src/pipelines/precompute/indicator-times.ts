/**
 * What each indicator cost. The factors of a set are computed together and share most of their work, so that only a set's
 * time is measured; it is dealt out here by the vector operations that each factor would take on its own. An estimate of
 * the factor engine's own, and said to be one wherever it is shown.
 */
import { estimatedOperations } from "#expression/plan/estimate";
import type { Panel } from "#panel/panel";
import { factorGraph, type FactorList } from "#factors/compute";

export interface IndicatorTime {
  /** `alpha158.MA5`. */
  readonly indicator: string;
  /** Share of the set's measured time. */
  readonly milliseconds: number;
}

/**
 * Times of the factors of the sets that have one, longest first; the factors of a set add up to the set. `shape` has the
 * fields they are computed from; factors that cannot be computed from them have no time.
 */
export function indicatorTimes(
  timings: readonly { readonly subject: string; readonly milliseconds: number }[],
  sets: readonly (FactorList & { readonly name: string })[],
  shape: Panel,
): IndicatorTime[] {
  const spent = new Map(timings.map(({ subject, milliseconds }) => [subject, milliseconds]));
  const times: IndicatorTime[] = [];
  for (const set of sets) {
    const whole = spent.get(set.name);
    if (whole === undefined) continue;
    const { graph } = factorGraph(set, shape);
    // A factor that is a field takes no operation, and yet is copied.
    const costs = graph.outputs.map(({ node }) => 1 + estimatedOperations(graph, [node], new Map()));
    const sum = costs.reduce((total, cost) => total + cost, 0);
    for (const [index, { name }] of graph.outputs.entries())
      times.push({ indicator: `${set.name}.${name}`, milliseconds: (whole * costs[index]!) / sum });
  }
  return times.sort((a, b) => b.milliseconds - a.milliseconds);
}
