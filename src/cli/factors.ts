import { Command } from "commander";
import { explainExpression } from "#expression/explain";
import type { FactorProblem } from "#factors/errors";
import type { Bilingual } from "#factors/factor-set";
import { factsOf, type FactorFilter, type RegisteredFactor } from "#factors/registry";
import { factorCategories, factorUnits } from "#factors/vocabulary";
import type { WorkspaceFactors } from "#pipelines/user-factors";
import { knownFactors } from "./chosen-factors.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { evalCommand } from "./factors-eval.ts";
import { reportCommand } from "./factors-report.ts";
import type { Terminal } from "./terminal.ts";

export function factorsCommand(): Command {
  return new Command("factors")
    .description("list, explain and compute factors")
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(evalCommand())
    .addCommand(reportCommand());
}

interface ListFilter {
  readonly set?: string;
  readonly category?: string;
  readonly search?: string;
}

function listCommand(): Command {
  return withSharedOptions(new Command("list"))
    .description("the factor sets, shipped and of the workspace, or the factors that match")
    .option("--set <name>", "the factors of this set")
    .option("--category <name>", `factors filed under it: ${Object.keys(factorCategories).join(", ")}`)
    .option("--search <text>", "factors with this text in a name, title, description or formula")
    .action((options: SharedOptions & ListFilter) =>
      runCommand(options, async (context) => {
        const known = await knownFactors(context);
        if (options.set !== undefined) known.registry.set(options.set);
        const { set, category, search } = options;
        if (set === undefined && category === undefined && search === undefined) {
          listSets(context.terminal, known);
        } else {
          listFactors(context.terminal, known, options);
        }
        return known.problems.length === 0;
      }),
    );
}

function listSets(terminal: Terminal, { registry, problems, files }: WorkspaceFactors): void {
  terminal.table([
    ["set", "factors", "中文", "English"],
    ...registry.sets.map(({ name, factors, title }) => [name, String(factors.length), ...languages(title)]),
  ]);
  terminal.result({
    ok: problems.length === 0,
    sets: registry.sets.map(({ name, title, source, factors }) => ({
      name,
      title,
      source,
      file: files.get(name) ?? null,
      factors: factors.length,
    })),
    problems: problems.map(problemOf),
  });
}

function listFactors(terminal: Terminal, { registry, problems }: WorkspaceFactors, wanted: ListFilter): void {
  const filter: FactorFilter = {
    ...(wanted.set === undefined ? {} : { set: wanted.set }),
    ...(wanted.category === undefined ? {} : { category: wanted.category }),
    ...(wanted.search === undefined ? {} : { search: wanted.search }),
  };
  const found = registry.list(filter);
  terminal.table([
    ["name", "also", "中文", "English", "expression"],
    ...found.map((entry) => [
      entry.id,
      entry.aliases.join(" "),
      ...languages(entry.factor.title),
      entry.factor.expression,
    ]),
  ]);
  if (found.length === 0) terminal.warn("no factor matches");
  terminal.result({
    ok: problems.length === 0,
    factors: found.map(entryOf),
    problems: problems.map(problemOf),
  });
}

function showCommand(): Command {
  return withSharedOptions(new Command("show"))
    .description("a factor by name (tech.MA5, MA5, alpha_019) or any expression")
    .argument("<name>", "name of a factor, or an expression")
    .option("--explain", "print syntax tree, graph with types, and plan")
    .action((name: string, options: SharedOptions & { explain?: boolean }) =>
      runCommand(options, async (context) => {
        await showFactor(context, name, options.explain === true);
        return true;
      }),
    );
}

async function showFactor(context: CommandContext, name: string, explain: boolean): Promise<void> {
  const { terminal } = context;
  const { registry, files } = await knownFactors(context);
  // A name has no sign in it that an expression needs.
  const found = /^[\p{L}\p{N}_.]+$/u.test(name) ? registry.factor(name) : undefined;
  const expression = found?.factor.expression ?? name;
  const text = explainExpression(expression, found?.factor.float32 === true ? { float32: true } : {});
  const twins = found === undefined ? [] : registry.twins(found);
  if (found !== undefined) describe(terminal, { found, twins, file: files.get(found.set.name) });
  terminal.line(explain ? text : text.slice(0, text.indexOf("\n\n")));
  terminal.result({
    ...(found === undefined ? { id: null, expression } : { ...entryOf(found), sameAs: twins }),
    explanation: text,
  });
}

function describe(
  terminal: Terminal,
  about: {
    readonly found: RegisteredFactor;
    readonly twins: readonly string[];
    readonly file: string | undefined;
  },
): void {
  const { id, aliases, factor, version, source } = about.found;
  const say = (label: string, text: string | undefined): void => {
    if (text !== undefined && text !== "") terminal.line(`${label.padEnd(12)}${text}`);
  };
  const both = (text: Bilingual | undefined): string => [...new Set(languages(text))].join(" · ");
  say("name", `${id}${aliases.length === 0 ? "" : ` (${aliases.join(", ")})`}`);
  say("title", both(factor.title));
  say("category", labelled(factorCategories, factor.category));
  say("unit", labelled(factorUnits, factor.unit));
  say("formula", factor.formula);
  for (const line of new Set(languages(factor.description))) say("meaning", line);
  const parameters = Object.entries(factor.parameters ?? {});
  say("parameters", parameters.map(([key, value]) => `${key} = ${value}`).join(", "));
  say("version", version);
  say("source", source);
  say("file", about.file);
  say("same as", about.twins.join(", "));
}

function labelled(words: Readonly<Record<string, Bilingual>>, word: string | undefined): string | undefined {
  if (word === undefined || words[word] === undefined) return word;
  return languages(words[word]).join(" · ");
}

/** Chinese, then English; two empty texts when there is none. */
function languages(text: Bilingual | undefined): [string, string] {
  return [text?.zh ?? "", text?.en ?? ""];
}

/** A factor as programs read it; `lookBack` is null when every earlier row counts. */
function entryOf({ id, set, factor, aliases, version, source }: RegisteredFactor): Record<string, unknown> {
  const { lookBack, type } = factsOf(factor);
  return {
    id,
    set: set.name,
    name: factor.name,
    aliases,
    title: factor.title ?? null,
    description: factor.description ?? null,
    expression: factor.expression,
    formula: factor.formula ?? null,
    category: factor.category ?? null,
    unit: factor.unit ?? null,
    parameters: factor.parameters ?? {},
    version,
    source,
    lookBack,
    type,
  };
}

function problemOf({ code, message, remedy, place }: FactorProblem): FactorProblem {
  return { code, message, remedy, place };
}
