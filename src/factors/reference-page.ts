import type { Bilingual } from "./factor-set.ts";
import { factorSets, shippedFactors } from "./catalogue.ts";
import { factsOf, type RegisteredFactor } from "./registry.ts";
import { factorCategories, factorUnits } from "./vocabulary.ts";

/** The catalogue of the shipped factors as Markdown, made from their declarations: docs/reference/factors.md. */
export function factorsPage(): string {
  const total = factorSets.reduce((sum, set) => sum + set.factors.length, 0);
  const intro = [
    "# Factor catalogue",
    "",
    "<!-- Made from src/factors by its test: npx vitest run --project unit src/factors -u -->",
    "",
    `${total} factors in ${factorSets.length} sets. A factor is called by its set and name, \`fund.price_change\`, and where the table says so by`,
    "a flat name. Formulas read C close, O open, H high, L low, V volume, x[n] the value n rows before; the expression is what",
    "counts. Look-back is the number of earlier rows that a value needs; ∞ means all of them. How factors work is told in",
    "[Factors](../concepts/factors.md), the operators in [Operators](operators.md).",
    "",
    "| set | factors | | |",
    "|---|---|---|---|",
    ...factorSets.map(
      ({ name, factors, title }) =>
        `| [\`${name}\`](#${name}) | ${factors.length} | ${cell(title.en)} | ${cell(title.zh)} |`,
    ),
  ].join("\n");
  return `${[intro, ...factorSets.map(({ name }) => sectionOf(name)), vocabularies()].join("\n\n")}\n`;
}

function sectionOf(name: string): string {
  const set = shippedFactors.set(name);
  const entries = shippedFactors.list({ set: name });
  const flat =
    set.flatNames === true
      ? "Their bare names are flat names."
      : entries.some(({ aliases }) => aliases.length > 0)
        ? "Flat names stand beside the names."
        : "They have no flat names.";
  return [
    `## ${name}`,
    "",
    `${set.title.zh}。${sentence(set.title.en)} Source: ${set.source}. ${flat}`,
    "",
    "| name | what | 含义 | definition | unit | look-back |",
    "|---|---|---|---|---|---|",
    ...entries.map((entry) => rowOf(entry, set.flatNames === true)),
  ].join("\n");
}

function rowOf(entry: RegisteredFactor, bareNames: boolean): string {
  const { factor, aliases, source, set } = entry;
  const others = aliases.filter((alias) => !bareNames || alias !== factor.name);
  const { lookBack } = factsOf(factor);
  const twins = shippedFactors.twins(entry);
  const notes = [
    factor.description?.en,
    ...(twins.length === 0 ? [] : [`Same values as ${twins.join(", ")}.`]),
    ...(source === set.source ? [] : [`Source: ${source}.`]),
  ].filter((note) => note !== undefined);
  const definition = [
    ...(factor.formula === undefined ? [] : [`${cell(factor.formula)}<br>`]),
    `\`${cell(factor.expression)}\``,
  ].join("");
  const cells = [
    [`\`${factor.name}\``, ...others.map((alias) => `\`${alias}\``)].join(" "),
    cell([sentence(factor.title?.en ?? ""), ...notes].join(" ")),
    cell([factor.title?.zh ?? "", factor.description?.zh ?? ""].filter((text) => text !== "").join("。")),
    definition,
    factor.unit ?? "",
    lookBack === Number.POSITIVE_INFINITY ? "∞" : String(lookBack),
  ];
  return `| ${cells.join(" | ")} |`;
}

function vocabularies(): string {
  return [...wordTable("Units", factorUnits), "", ...wordTable("Categories", factorCategories)].join("\n");
}

function wordTable(title: string, words: Readonly<Record<string, Bilingual>>): string[] {
  return [
    `## ${title}`,
    "",
    "| word | | |",
    "|---|---|---|",
    ...Object.entries(words).map(([word, { zh, en }]) => `| ${word} | ${en} | ${zh} |`),
  ];
}

function sentence(text: string): string {
  return text === "" ? "" : `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
