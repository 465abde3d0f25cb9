import type { BlockPlan } from "./block-plan.ts";
import { float32Fitness } from "./precision.ts";

/**
 * A block plan as text: what was rewritten, which results vector functions make and in which lanes, and which nodes are
 * left to their reference kernels.
 */
export function printBlockPlan(plan: BlockPlan): string {
  const { graph, stages, given } = plan;
  const lines: string[] = [];
  const name = (id: number): string => {
    const node = graph.nodes[id]!;
    return node.kind === "apply" ? `#${id} ${node.operator.name}` : `#${id}`;
  };
  const list = (ids: readonly number[]): string => ids.map(name).join(", ");
  if (given.length > 0) {
    lines.push(`by the reference backend, rows of other instruments or reports: ${list(given)}`);
  }
  for (const [index, { kernels, families }] of stages.entries()) {
    const stage = stages.length > 1 ? `stage ${index + 1}: ` : "";
    if (kernels.length > 0) lines.push(`${stage}reference kernels (no vector code): ${list(kernels)}`);
    for (const family of families) {
      const windows = family.reach > 0 ? `, ${family.reach} rows back` : "";
      const state = family.continuous ? ", state carried from the first row on" : "";
      lines.push(`${stage}vector function ${family.lanes}${windows}${state}: ${list(family.targets)}`);
    }
  }
  return [...lines, ...outputLines(plan)].join("\n");
}

/** Lanes of each output and why. */
function outputLines(plan: BlockPlan): string[] {
  const fitness = float32Fitness(plan.graph);
  return plan.graph.outputs.map(({ name, node, float32 = false }, index) => {
    const lanes = plan.outputLanes[index]!;
    return `${name}: ${lanes}, ${reason(fitness(node), { lanes, float32, precision: plan.precision })}`;
  });
}

function reason(
  fitness: ReturnType<ReturnType<typeof float32Fitness>>,
  chosen: {
    readonly lanes: string;
    readonly float32: boolean;
    readonly precision: "f32" | "f64";
  },
): string {
  if (chosen.precision === "f64") return "float64 is delivered";
  if (fitness === null) return "float32 lanes could not hold its steps";
  if (fitness === "exact") {
    return chosen.lanes === "f32x4" ? "float32 in Qlib too: exact" : "it reads a float64 intermediate result";
  }
  return chosen.float32
    ? "float32 lanes are accurate to about 1e-6 and its set allows them; rows with gaps in float64"
    : "float32 lanes would be accurate to about 1e-6, but its set does not ask for speed";
}
