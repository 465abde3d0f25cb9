import { ExpressionError } from "../errors.ts";
import type { Argument, Operator, Parameter, ParameterKind, WindowRule } from "../operators/declaration.ts";
import { formatExpression } from "../syntax/format.ts";
import { limits } from "../syntax/limits.ts";
import type { NumberNode, SyntaxNode } from "../syntax/tree.ts";

/** Reads the arguments that are no operands: windows, shares, texts, periods. Throws `ExpressionError`. */
export const operandKinds: ReadonlySet<ParameterKind> = new Set(["series", "operand"]);

export function argumentOf(operator: Operator, parameter: Parameter, tree: SyntaxNode): Argument {
  switch (parameter.kind) {
    case "text":
      if (tree.kind === "text") return tree.value;
      throw wrongKind(operator, parameter, { tree, expected: "a quoted text" });
    case "window": {
      if (tree.kind !== "number")
        throw wrongKind(operator, parameter, { tree, expected: "a number of rows" });
      checkWindow(operator, tree);
      return tree.value;
    }
    case "share":
      if (tree.kind === "number" && tree.value >= 0 && tree.value <= 1) return tree.value;
      throw wrongKind(operator, parameter, { tree, expected: "a number from 0 to 1" });
    case "period":
      if (tree.kind === "number" && tree.whole && isPeriod(tree.value)) return tree.value;
      throw wrongKind(operator, parameter, {
        tree,
        expected: "a quarter such as 201802 or a year such as 2018",
      });
    default:
      throw new Error(`${parameter.kind} is an operand`);
  }
}

function isPeriod(value: number): boolean {
  if (value >= 1000 && value <= 9999) return true;
  return value >= 100_001 && value <= 999_904 && value % 100 >= 1 && value % 100 <= 4;
}

function wrongKind(
  operator: Operator,
  parameter: Parameter,
  site: { readonly tree: SyntaxNode; readonly expected: string },
): ExpressionError {
  return new ExpressionError(
    "EXPRESSION_ARGUMENT",
    `${parameter.name} of ${operator.name} is ${formatExpression(site.tree)}, expected ${site.expected}`,
    {
      column: site.tree.column,
      remedy: `write ${operator.name}(${operator.parameters.map(({ name }) => name).join(", ")}) with ${parameter.name} as ${site.expected}`,
    },
  );
}

function checkWindow(operator: Operator, tree: NumberNode): void {
  const rule = operator.window!;
  const { value } = tree;
  const refuse = (): ExpressionError => {
    const expected = describeWindow(rule);
    return new ExpressionError(
      "EXPRESSION_WINDOW",
      `N of ${operator.name} is ${formatExpression(tree)}, expected ${expected}`,
      {
        column: tree.column,
        remedy:
          Number.isInteger(value) && !tree.whole
            ? `write ${value} without a decimal point`
            : `use ${expected}`,
      },
    );
  };
  if (Math.abs(value) > limits.maxWindow) throw refuse();
  if (value === 0) {
    if (rule.zero === "refused" || !tree.whole) throw refuse();
    return;
  }
  if (value > 0 && value < 1) {
    if (rule.fraction === "refused") throw refuse();
    return;
  }
  if (!tree.whole && !rule.decimals) throw refuse();
  if (value < rule.least) throw refuse();
}

export function describeWindow(rule: WindowRule): string {
  const numbers = rule.decimals ? "number" : "whole number";
  const least = Number.isFinite(rule.least) ? ` from ${rule.least}` : "";
  const forms = [`a ${numbers}${least} up to ${limits.maxWindow}`];
  if (rule.zero === "expanding") forms.push("0 (all rows so far)");
  if (rule.zero === "first") forms.push("0 (the first row)");
  if (rule.fraction === "exponential") forms.push("a fraction under 1 (weight of an exponential mean)");
  if (rule.fraction === "missing") forms.push("a fraction under 1 (all NaN)");
  return forms.join(" or ");
}
