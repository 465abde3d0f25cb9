import { describeWindow } from "../ir/arguments.ts";
import type { Family, Operator } from "./declaration.ts";
import { operators } from "./registry.ts";

/** The reference page of the operators as Markdown, made from their declarations: docs/reference/operators.md. */
const families: readonly (readonly [Family, title: string, note?: string])[] = [
  ["element-wise", "Element by element"],
  ["comparison", "Comparisons"],
  ["logic", "Conditions"],
  ["reference", "Other rows"],
  ["rolling", "Windows"],
  ["recurrence", "Recurrences, beyond Qlib"],
  ["instrument", "Other instruments"],
  [
    "cross-section",
    "Across instruments",
    "Beyond Qlib. The values of one row, over the instruments whose span holds it: see [cross-sections](../concepts/cross-sectional-operators.md).",
  ],
  ["point in time", "Point in time"],
  ["candlestick", "Candlestick patterns"],
];

const SIGNS: Readonly<Record<string, string>> = {
  Add: "+",
  Sub: "-",
  Mul: "*",
  Div: "/",
  Power: "**",
  And: "&",
  Or: "\\|",
  Gt: ">",
  Ge: ">=",
  Lt: "<",
  Le: "<=",
  Eq: "==",
  Ne: "!=",
};

export function operatorsPage(): string {
  const sections = families.map(([family, title, note]) => {
    const rows = operators.filter((operator) => operator.family === family).map(rowOf);
    const head = note === undefined ? [`## ${title}`, ""] : [`## ${title}`, "", note, ""];
    return [...head, "| call | result | N | missing values |", "|---|---|---|---|", ...rows].join("\n");
  });
  const intro = [
    "# Operators",
    "",
    "<!-- Made from src/expression/operators by its test: npx vitest run --project unit src/expression/operators -u -->",
    "",
    "Names are case-sensitive. `x`, `left`, `right` are expressions; `left` and `right` may also be numbers. Windows end at the",
    "row itself and are short at an instrument's first rows. How types and missing values work in general is told in",
    "[the expression language](../concepts/expression.md).",
  ].join("\n");
  return `${[intro, ...sections].join("\n\n")}\n`;
}

function rowOf(operator: Operator): string {
  const sign = SIGNS[operator.name];
  const call = `\`${operator.name}(${operator.parameters.map(({ name }) => name).join(", ")})\``;
  const shown = sign === undefined ? call : `${call} or \`${sign}\``;
  const window = operator.window === undefined ? "" : describeWindow(operator.window);
  return `| ${shown} | ${cell(operator.summary)} | ${cell(window)} | ${cell(operator.missing)} |`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
