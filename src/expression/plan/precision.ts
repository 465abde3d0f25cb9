import type { AppliedOperator, Graph, GraphNode } from "../ir/node.ts";
import { operandType } from "../ir/node.ts";
import { commonType } from "../operators/dtype.ts";

/**
 * Where float32 lanes may stand in for Qlib's float64. `exact`: the value is a float32 in Qlib too, or one that float32
 * holds exactly, and every bit agrees. `close`: relative error of a few float32 steps, so that the delivered float32
 * is within the tolerance of the goldens. Null: not justified, float64 lanes do it.
 *
 * A difference of two close values may cancel; it is admitted only where what it is divided by is of its own size:
 * Slope and Resi over their operand, sums of parts over the sum of magnitudes, shares of 1 among each other.
 */
export type Float32Fitness = "exact" | "close" | null;

/** Internal: what is more than close knows why. */
type Fitness =
  | { readonly kind: "exact" | "close" | "share" }
  | { readonly kind: "scaled"; readonly operand: number }
  | { readonly kind: "parts"; readonly rows: number }
  | null;

const EXACT: Fitness = { kind: "exact" };
const CLOSE: Fitness = { kind: "close" };

/** Rolling results that are themselves values or whole numbers of the window. */
const SELECTING = new Set(["Max", "Min", "IdxMax", "IdxMin", "Count"]);
const ROW_WISE = new Set(["Add", "Sub", "Mul", "Div", "Abs", "Sign", "Log", "Greater", "Less", "If"]);
/** What Greater and Less compare, too large for float32. */
const LARGEST = 1e30;

export function float32Fitness(graph: Graph): (id: number) => Float32Fitness {
  const known = new Map<number, Fitness>();
  const fitness = (id: number): Fitness => {
    let found = known.get(id);
    if (found === undefined) {
      found = fitnessOf(graph, graph.nodes[id]!, fitness);
      known.set(id, found);
    }
    return found;
  };
  return (id) => {
    const found = fitness(id);
    if (found === null) return null;
    if (found.kind === "exact") return "exact";
    return found.kind === "close" || found.kind === "share" ? "close" : null;
  };
}

type Known = (id: number) => Fitness;

function fitnessOf(graph: Graph, node: GraphNode, known: Known): Fitness {
  if (node.kind === "field") return node.type === "f32" ? EXACT : null;
  if (node.kind !== "apply") return null;
  const { name, family } = node.operator;
  if (node.operator.scope !== undefined) return null;
  if (family === "rolling") return rolling(graph, node, known);
  if (name === "Ref" || name === "Delta") {
    const exact = known(node.inputs[0]!)?.kind === "exact";
    return exact && (node.type === "f32" || name === "Ref") ? EXACT : null;
  }
  if (name === "WarmUp") return known(node.inputs[0]!);
  if (name === "Where") {
    const isExact = node.inputs.every((id) => known(id)?.kind === "exact");
    return isExact && node.type === "f32" ? EXACT : null;
  }
  if (node.type === "bool") return exactOperands(graph, node, known) ? EXACT : null;
  if (!ROW_WISE.has(name)) return null;
  if (node.type === "f32") return exactOperands(graph, node, known) ? EXACT : null;
  return node.type === "f64" ? wide(graph, node, known) : null;
}

/** All operands exact, and combined in float32 or as conditions. */
function exactOperands(graph: Graph, node: AppliedOperator, known: Known): boolean {
  const inputs = node.inputs.map((id) => graph.nodes[id]!);
  for (const input of inputs) {
    if (input.kind === "number") {
      if (Math.abs(input.value) > LARGEST) return false;
    } else if (known(input.id)?.kind !== "exact" || (input.type !== "f32" && input.type !== "bool"))
      return false;
  }
  const [left, right] = inputs;
  if (left === undefined || right === undefined || node.operator.name === "If") return true;
  const common = commonType(operandType(left), operandType(right));
  return common === "f32" || common === "bool";
}

function rolling(graph: Graph, node: AppliedOperator, known: Known): Fitness {
  const { name, companions } = node.operator;
  const [window] = node.arguments;
  // The other forms are recurrences.
  if (typeof window !== "number" || !Number.isInteger(window) || window < 1) return null;
  const operands = node.inputs.slice(0, node.inputs.length - (companions?.length ?? 0));
  for (const id of operands) {
    const { type } = graph.nodes[id]!;
    if (known(id)?.kind !== "exact" || (type !== "f32" && type !== "bool")) return null;
  }
  const [operand] = operands as [number];
  if (SELECTING.has(name)) return EXACT;
  switch (name) {
    case "Std":
    case "StdP":
    case "Rank":
    case "Quantile":
    case "Med":
    case "Rsquare":
    case "Corr":
      return CLOSE;
    case "Mean":
      if (graph.nodes[operand]!.type === "bool") return { kind: "share" };
      return isNonNegative(graph, operand) ? CLOSE : null;
    case "Sum":
    case "WMA":
      return isNonNegative(graph, operand) ? CLOSE : null;
    case "Slope":
    case "Resi":
      return { kind: "scaled", operand };
    default:
      return null;
  }
}

/** Arithmetic that Qlib does in float64, at least one side being a rolling result. */
function wide(graph: Graph, node: AppliedOperator, known: Known): Fitness {
  const [left, right] = node.inputs.map((id) => graph.nodes[id]!) as [GraphNode, GraphNode | undefined];
  const a = left.kind === "number" ? EXACT : known(left.id);
  if (a === null) return null;
  if (node.operator.name === "Abs") return a.kind === "scaled" || a.kind === "parts" ? a : CLOSE;
  if (right === undefined) return null;
  const b = right.kind === "number" ? EXACT : known(right.id);
  if (b === null) return null;
  const plain = (fitness: NonNullable<Fitness>): boolean =>
    fitness.kind === "exact" || fitness.kind === "close" || fitness.kind === "share";
  switch (node.operator.name) {
    case "Div":
      if (!plain(b)) return null;
      if (a.kind === "scaled") return right.id === a.operand ? CLOSE : null;
      if (a.kind === "parts") return isSumOfMagnitudes(graph, right, a.rows) ? CLOSE : null;
      return CLOSE;
    case "Mul":
      if (left.kind !== "number" && right.kind !== "number") return null;
      return plain(a) && plain(b) ? CLOSE : null;
    case "Add":
      if (!plain(a) || !plain(b)) return null;
      if (right.kind === "number" && Math.abs(right.value) <= 1e-9) return a;
      return isNonNegative(graph, left.id) && isNonNegative(graph, right.id) ? CLOSE : null;
    case "Sub":
      if (a.kind === "exact" && b.kind === "exact") return CLOSE;
      if (a.kind === "share" && b.kind === "share") return { kind: "share" };
      return partsOf(graph, left, right);
    default:
      return null;
  }
}

function sumRows(node: GraphNode): number | null {
  return node.kind === "apply" && node.operator.name === "Sum" ? (node.arguments[0] as number) : null;
}

/** Sum(…, N) − Sum(…, N) of non-negative operands. */
function partsOf(graph: Graph, left: GraphNode, right: GraphNode): Fitness {
  const rows = sumRows(left);
  if (rows === null || rows !== sumRows(right)) return null;
  return isNonNegative(graph, left.id) && isNonNegative(graph, right.id) ? { kind: "parts", rows } : null;
}

/** Sum(Abs(…), N), a tiny number added or not. */
function isSumOfMagnitudes(graph: Graph, node: GraphNode, rows: number): boolean {
  if (node.kind !== "apply") return false;
  if (node.operator.name === "Add") {
    return (
      graph.nodes[node.inputs[1]!]!.kind === "number" &&
      isSumOfMagnitudes(graph, graph.nodes[node.inputs[0]!]!, rows)
    );
  }
  if (sumRows(node) !== rows) return false;
  const operand = graph.nodes[node.inputs[0]!]!;
  return operand.kind === "apply" && operand.operator.name === "Abs";
}

/** Fields are taken to be prices and volumes. */
function isNonNegative(graph: Graph, id: number): boolean {
  const node = graph.nodes[id]!;
  const all = (ids: readonly number[]): boolean => ids.every((each) => isNonNegative(graph, each));
  if (node.kind === "number") return node.value >= 0;
  if (node.kind !== "apply") return true;
  switch (node.operator.name) {
    case "Abs":
      return true;
    case "Greater":
      return (
        node.inputs.some((each) => isNonNegative(graph, each) && graph.nodes[each]!.kind === "number") ||
        all(node.inputs)
      );
    case "Mul":
    case "Div":
    case "Add":
    case "Less":
    case "Sum":
    case "Mean":
    case "Max":
    case "Min":
    case "Ref":
      return all(node.inputs.slice(0, 2));
    default:
      return node.type === "bool";
  }
}
