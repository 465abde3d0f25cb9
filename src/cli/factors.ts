import { Command } from "commander";
import { explainExpression } from "#expression/explain";
import { factorSet, factorSets, findFactor } from "#factors/catalogue";
import { runCommand, withSharedOptions, type SharedOptions } from "./command.ts";
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

function listCommand(): Command {
  return withSharedOptions(new Command("list"))
    .description("the factor sets, or the factors of one")
    .option("--set <name>", "list the factors of this set")
    .action((options: SharedOptions & { set?: string }) =>
      runCommand(options, ({ terminal }) => Promise.resolve(listFactors(terminal, options.set))),
    );
}

function listFactors(terminal: Terminal, name?: string): boolean {
  if (name === undefined) {
    terminal.table([
      ["set", "factors", "what"],
      ...factorSets.map((set) => [set.name, String(set.factors.length), set.title.en]),
    ]);
    terminal.result(
      factorSets.map(({ name: id, title, source, factors }) => ({
        name: id,
        title,
        source,
        factors: factors.length,
      })),
    );
    return true;
  }
  const set = factorSet(name);
  terminal.table([
    ["name", "alias", "expression"],
    ...set.factors.map((factor) => [`${set.name}.${factor.name}`, factor.alias ?? "", factor.expression]),
  ]);
  terminal.result(set);
  return true;
}

function showCommand(): Command {
  return withSharedOptions(new Command("show"))
    .description("a factor by name (alpha158.MA5, alpha_019) or any expression")
    .argument("<name>", "name of a factor, or an expression")
    .option("--explain", "print syntax tree, graph with types, and plan")
    .action((name: string, options: SharedOptions & { explain?: boolean }) =>
      runCommand(options, ({ terminal }) =>
        Promise.resolve(showFactor(terminal, name, options.explain === true)),
      ),
    );
}

function showFactor(terminal: Terminal, name: string, explain: boolean): boolean {
  const found = findFactor(name);
  const expression = found?.factor.expression ?? name;
  const text = explainExpression(expression);
  const facts = explain ? text : text.slice(0, text.indexOf("\n\n"));
  if (found !== undefined) {
    const { set, factor } = found;
    terminal.line(
      `name        ${set.name}.${factor.name}${factor.alias === undefined ? "" : ` (${factor.alias})`}`,
    );
    terminal.line(`source      ${set.source}`);
  }
  terminal.line(facts);
  terminal.result({
    name: found === undefined ? null : `${found.set.name}.${found.factor.name}`,
    expression,
    explanation: text,
  });
  return true;
}
