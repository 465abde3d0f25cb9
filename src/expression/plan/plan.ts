import type { Graph } from "../ir/node.ts";

/**
 * Order of work for some nodes of a graph, within one scope (one instrument's sessions, or one set of periods):
 * which nodes to compute, and after which step each result is no longer needed. Operators that change scope are
 * leaves here; what is below them is planned for itself.
 */
export interface Plan {
  readonly steps: readonly PlanStep[];
  readonly roots: readonly number[];
}

export interface PlanStep {
  readonly node: number;
  /** Nodes whose last use this step is. Roots are never released. */
  readonly release: readonly number[];
}

export function planOf(graph: Graph, roots: readonly number[]): Plan {
  const lastUse = new Map<number, number>();
  const needed = new Set(roots);
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    if (!needed.has(id)) continue;
    for (const input of inputsInScope(graph, id)) {
      needed.add(input);
      if (!lastUse.has(input)) lastUse.set(input, id);
    }
  }
  const kept = new Set(roots);
  const release = new Map<number, number[]>();
  for (const [node, user] of lastUse) {
    if (kept.has(node)) continue;
    const list = release.get(user);
    if (list === undefined) release.set(user, [node]);
    else list.push(node);
  }
  const steps = [...needed].sort((a, b) => a - b).map((node) => ({ node, release: release.get(node) ?? [] }));
  return { steps, roots };
}

/** Inputs of a node that are computed in the same scope. */
export function inputsInScope(graph: Graph, id: number): readonly number[] {
  const node = graph.nodes[id]!;
  return node.kind === "apply" && node.operator.scope === undefined ? node.inputs : [];
}

export function printPlan(plan: Plan): string {
  return plan.steps
    .map(
      ({ node, release }) =>
        `compute #${node}${release.length === 0 ? "" : `, then release ${release.map((id) => `#${id}`).join(" ")}`}`,
    )
    .join("\n");
}
