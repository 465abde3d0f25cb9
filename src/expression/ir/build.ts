import { ExpressionError } from "../errors.ts";
import type { Argument, Operator, Parameter } from "../operators/declaration.ts";
import { TypeRefusal, type Dtype, type OperandType } from "../operators/dtype.ts";
import { here, union } from "../operators/reach.ts";
import { operatorNamed, operators } from "../operators/registry.ts";
import { Expression } from "../syntax/builder.ts";
import { formatExpression } from "../syntax/format.ts";
import { limits } from "../syntax/limits.ts";
import { parseExpression } from "../syntax/parse.ts";
import { nearestName } from "../syntax/suggestion.ts";
import type { BinarySign, CallNode, ComparisonSign, SyntaxNode } from "../syntax/tree.ts";
import { argumentOf, operandKinds } from "./arguments.ts";
import { operandType, type Clock, type Graph, type GraphNode, type GraphOutput } from "./node.ts";

/**
 * Lowers syntax trees to one hash-consed graph: names become operators, types and reaches are worked out, equal
 * subexpressions (of all expressions together) become one node.
 */
export type ExpressionSource = string | SyntaxNode | Expression;

export interface NamedExpression extends Pick<GraphOutput, "float32"> {
  readonly name: string;
  readonly expression: ExpressionSource;
}

const BINARY: Readonly<Record<BinarySign, string>> = {
  "+": "Add",
  "-": "Sub",
  "*": "Mul",
  "/": "Div",
  "**": "Power",
  "&": "And",
  "|": "Or",
};
const COMPARISON: Readonly<Record<ComparisonSign, string>> = {
  ">": "Gt",
  ">=": "Ge",
  "<": "Lt",
  "<=": "Le",
  "==": "Eq",
  "!=": "Ne",
};

export interface GraphOptions {
  /** Type of the fields: float32 as Qlib has them (default), or float64 as they are. */
  readonly fields?: "f32" | "f64";
}

/** Parses text; trees and built expressions pass through. */
export function treeOf(source: ExpressionSource): SyntaxNode {
  if (typeof source === "string") return parseExpression(source);
  return source instanceof Expression ? source.tree : source;
}

/**
 * Graph of some expressions; unnamed ones are named by their text. Throws `ExpressionError` on the first that cannot
 * be parsed or typed, or when two have one name.
 */
export function buildGraph(
  expressions: readonly (ExpressionSource | NamedExpression)[],
  options: GraphOptions = {},
): Graph {
  const builder = new GraphBuilder(options);
  for (const item of expressions) {
    const named = typeof item === "object" && "expression" in item;
    const source = named ? item.expression : item;
    const tree = treeOf(source);
    const name = named ? item.name : typeof source === "string" ? source : formatExpression(tree);
    builder.add(name, tree, named && item.float32 === true ? { float32: true } : {});
  }
  return builder.graph();
}

export class GraphBuilder {
  readonly #nodes: GraphNode[] = [];
  readonly #outputs: GraphOutput[] = [];
  readonly #ids = new Map<string, number>();
  readonly #names = new Set<string>();
  readonly #fields: "f32" | "f64";

  constructor(options: GraphOptions = {}) {
    this.#fields = options.fields ?? "f32";
  }

  /** Adds an output. Throws `ExpressionError`; what was added before stays. */
  add(name: string, tree: SyntaxNode, facts: Pick<GraphOutput, "float32"> = {}): void {
    if (this.#names.has(name)) {
      throw new ExpressionError("EXPRESSION_NAME_TWICE", `two expressions are named ${name}`, {
        remedy: "give each its own name, or leave one out",
      });
    }
    const node = this.#lower(tree, 1);
    const { clock, kind } = this.#nodes[node]!;
    if (clock === "none") {
      throw new ExpressionError(
        "EXPRESSION_CONSTANT",
        kind === "number" ? "the expression is a number" : "the expression holds no field",
        { column: tree.column, remedy: "use at least one field, such as $close" },
      );
    }
    if (clock === "period") throw periodicOutside(tree);
    this.#names.add(name);
    this.#outputs.push({ name, tree, node, ...facts });
  }

  graph(): Graph {
    return { nodes: this.#nodes, outputs: this.#outputs };
  }

  #lower(tree: SyntaxNode, depth: number): number {
    if (depth > limits.maxDepth) {
      throw new ExpressionError("EXPRESSION_TOO_DEEP", `a tree of more than ${limits.maxDepth} levels`, {
        column: tree.column,
        remedy: "split the expression into several factors",
      });
    }
    const below = (child: SyntaxNode): number => this.#lower(child, depth + 1);
    switch (tree.kind) {
      case "field":
        return this.#leaf("field", tree.name, tree.column);
      case "periodic":
        return this.#leaf("periodic", tree.name, tree.column);
      case "number":
        return this.#number(tree.value, tree.whole);
      case "text":
        throw new ExpressionError(
          "EXPRESSION_ARGUMENT",
          `the text '${tree.value}' stands where an expression is expected`,
          {
            column: tree.column,
            remedy: "quote only names of instruments and functions",
          },
        );
      case "binary":
        return this.#apply(BINARY[tree.sign], { tree, operands: [tree.left, tree.right] }, below);
      case "comparison": {
        for (const dropped of tree.operands.slice(0, -2)) below(dropped);
        return this.#apply(
          COMPARISON[tree.signs.at(-1)!],
          { tree, operands: tree.operands.slice(-2) },
          below,
        );
      }
      default:
        return this.#call(tree, below);
    }
  }

  #leaf(kind: "field" | "periodic", name: string, column: number): number {
    const lower = name.toLowerCase();
    if (kind === "field") {
      return this.#keep(`$${lower}`, {
        kind,
        name: lower,
        type: this.#fields,
        reach: here,
        clock: "session",
        finite: true,
      });
    }
    if (!/_[qa]$/.test(lower)) {
      throw new ExpressionError(
        "EXPRESSION_PERIODIC",
        `the periodic field $$${name} ends neither in _q nor in _a`,
        {
          column,
          remedy: "name a field of quarters $$name_q and one of years $$name_a",
        },
      );
    }
    return this.#keep(`$$${lower}`, {
      kind,
      name: lower,
      type: "f64",
      reach: here,
      clock: "period",
      finite: true,
    });
  }

  #number(value: number, whole: boolean): number {
    const type = whole ? "i64" : "f64";
    const key = `${type} ${Object.is(value, -0) ? "-0" : value}`;
    return this.#keep(key, { kind: "number", value, type, reach: here, clock: "none", finite: true });
  }

  #call(tree: CallNode, below: (child: SyntaxNode) => number): number {
    const [only] = tree.operands;
    if (
      (tree.operator === "Feature" || tree.operator === "PFeature") &&
      only?.kind === "text" &&
      tree.operands.length === 1
    ) {
      if (!/^[\p{L}\p{N}_、：（）]+$/u.test(only.value)) {
        throw new ExpressionError("EXPRESSION_ARGUMENT", `'${only.value}' is no field name`, {
          column: only.column,
          remedy: "write the name alone, or $name",
        });
      }
      return this.#leaf(tree.operator === "Feature" ? "field" : "periodic", only.value, tree.column);
    }
    return this.#apply(tree.operator, { tree, operands: tree.operands }, below);
  }

  #apply(
    name: string,
    site: { readonly tree: SyntaxNode; readonly operands: readonly SyntaxNode[] },
    below: (child: SyntaxNode) => number,
  ): number {
    const { tree, operands } = site;
    const operator = operatorNamed(name);
    if (operator === undefined) throw unknownOperator(name, tree);
    if (operator.scope === "unsupported") {
      throw new ExpressionError("EXPRESSION_OPERATOR_UNSUPPORTED", `${name} is ${operator.summary}`, {
        column: tree.column,
        remedy: "resample the bars when they are imported and compute on the coarser panel",
      });
    }
    const { parameters } = operator;
    if (parameters.length !== operands.length) {
      const wanted = parameters.map((parameter) => parameter.name).join(", ");
      throw new ExpressionError(
        "EXPRESSION_ARITY",
        `${name} has ${operands.length} argument${operands.length === 1 ? "" : "s"}, expected ${parameters.length}`,
        { column: tree.column, remedy: `write ${name}(${wanted})` },
      );
    }
    const inputs: number[] = [];
    const rest: Argument[] = [];
    const slots: Parameter[] = [];
    for (let index = 0; index < operands.length; index++) {
      const parameter = parameters[index]!;
      if (operandKinds.has(parameter.kind)) {
        slots.push(parameter);
        inputs.push(below(operands[index]!));
      } else rest.push(argumentOf(operator, parameter, operands[index]!));
    }
    for (let index = 0; index < inputs.length; index++) {
      const parameter = slots[index]!;
      if (parameter.kind === "series" && this.#nodes[inputs[index]!]!.clock === "none") {
        throw new ExpressionError(
          "EXPRESSION_ARGUMENT",
          `${parameter.name} of ${name} is a number, expected an expression that holds a field`,
          { column: tree.column, remedy: `write ${name}($close, …), or the number alone` },
        );
      }
    }
    return this.#applied(operator, { inputs, rest, tree });
  }

  #applied(
    operator: Operator,
    site: {
      readonly inputs: readonly number[];
      readonly rest: readonly Argument[];
      readonly tree: SyntaxNode;
    },
  ): number {
    const { rest, tree } = site;
    // Companions follow from the rest, as everything else does that is found out below.
    const key = `${operator.name}(${site.inputs.join()};${rest.length === 0 ? "" : JSON.stringify(rest)})`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const companions = (operator.companions ?? []).map(([name, operand]) =>
      this.#applied(operatorNamed(name)!, { inputs: [site.inputs[operand]!], rest, tree }),
    );
    const inputs = [...site.inputs, ...companions];
    const nodes = site.inputs.map((id) => this.#nodes[id]!);
    if (
      operator.family !== "rolling" &&
      operator.scope === undefined &&
      nodes.every((node) => node.clock === "none")
    ) {
      throw new ExpressionError("EXPRESSION_CONSTANT", `${operator.name} of numbers only`, {
        column: tree.column,
        remedy: "write the number itself; operators take at least one field",
      });
    }
    const type = typeOf(operator, { operands: nodes.map(operandType), rest, tree });
    const clock = clockOf(operator, { nodes, tree });
    const operandsFinite = nodes.every((node) => node.finite);
    const series = nodes.filter((node) => node.clock !== "none").map((node) => node.reach);
    const reach = operator.reach(
      series.length > 0 ? series : [union(nodes.map((node) => node.reach))],
      rest,
      operandsFinite,
    );
    if (operator.scope === "period" && union(series).latest > 0) {
      throw new ExpressionError("EXPRESSION_PERIODIC", `${operator.name} of later periods`, {
        column: tree.column,
        remedy: "refer to earlier periods only: Ref($$field_q, 1)",
      });
    }
    const finite = operator.infinity === "absorbs" || (operator.infinity === "passes" && operandsFinite);
    return this.#keep(key, { kind: "apply", operator, inputs, arguments: rest, type, reach, clock, finite });
  }

  #keep(key: string, node: DistributiveOmit<GraphNode, "id">): number {
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#nodes.length;
    this.#nodes.push({ ...node, id });
    this.#ids.set(key, id);
    return id;
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function typeOf(
  operator: Operator,
  site: {
    readonly operands: readonly OperandType[];
    readonly rest: readonly Argument[];
    readonly tree: SyntaxNode;
  },
): Dtype {
  try {
    return operator.type(site.operands, site.rest);
  } catch (error) {
    if (!(error instanceof TypeRefusal)) throw error;
    throw new ExpressionError("EXPRESSION_TYPE", error.message, {
      column: site.tree.column,
      remedy: error.remedy,
    });
  }
}

function clockOf(
  operator: Operator,
  site: { readonly nodes: readonly GraphNode[]; readonly tree: SyntaxNode },
): Clock {
  const clocks = new Set(site.nodes.map((node) => node.clock).filter((clock) => clock !== "none"));
  if (operator.scope === "period") {
    if (clocks.has("session")) {
      throw new ExpressionError(
        "EXPRESSION_PERIODIC",
        `${operator.name} of daily values, expected a periodic field`,
        {
          column: site.tree.column,
          remedy: `use periodic fields inside, as in ${operator.name}($$roe_q…), and daily ones outside`,
        },
      );
    }
    return "session";
  }
  if (operator.scope === "cross-section" && clocks.has("period")) {
    throw new ExpressionError("EXPRESSION_PERIODIC", `${operator.name} of values over periods`, {
      column: site.tree.column,
      remedy: `bring them to days first: ${operator.name}(P($$field_q))`,
    });
  }
  if (clocks.size > 1) throw periodicOutside(site.tree);
  return clocks.values().next().value ?? "none";
}

function periodicOutside(tree: SyntaxNode): ExpressionError {
  return new ExpressionError("EXPRESSION_PERIODIC", "a periodic field stands outside P(...)", {
    column: tree.column,
    remedy: "bring it to days with P(...), as in P($$roe_q)",
  });
}

function unknownOperator(name: string, tree: SyntaxNode): ExpressionError {
  const nearest = nearestName(
    name,
    operators.map((operator) => operator.name),
  );
  return new ExpressionError("EXPRESSION_OPERATOR_UNKNOWN", `there is no operator ${name}`, {
    column: tree.column,
    remedy:
      nearest === undefined
        ? "see docs/reference/operators.md for the list"
        : `write ${nearest} (case matters)`,
  });
}
