import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import type { Command } from "commander";
import type { FactorList } from "#factors/compute";
import type { FactorProblem } from "#factors/errors";
import type { FactorSet } from "#factors/factor-set";
import { workspaceFactors, type WorkspaceFactors } from "#pipelines/user-factors";
import { workspaceAt } from "#pipelines/workspace";
import type { CommandContext } from "./command.ts";
import { UsageError } from "./outcome.ts";
import type { Terminal } from "./terminal.ts";

/** The options that say which factors. */
export interface ListOptions {
  readonly set?: readonly string[];
  readonly factor?: readonly string[];
  readonly expr?: readonly string[];
  readonly exprFile?: string;
}

export function withListOptions(command: Command): Command {
  return command
    .option("--set <name...>", "factor set, shipped or of the workspace; several give namespaced columns")
    .option("--factor <name...>", "one factor by its name: tech.MA5, MA5, alpha_019")
    .option("--expr <expression...>", "an expression")
    .option("--expr-file <file>", "a file with one expression a line");
}

export interface ChosenFactors {
  readonly list: FactorList & { readonly name?: string };
  /** What is wrong with the files that the chosen sets are from: factors that are not among them. */
  readonly problems: readonly FactorProblem[];
}

/** The shipped sets and the workspace's; what is wrong with the workspace's files is said on stderr. */
export async function knownFactors({ terminal, workspace }: CommandContext): Promise<WorkspaceFactors> {
  const known = await workspaceFactors(workspaceAt(workspace));
  reportProblems(terminal, known.problems);
  return known;
}

/**
 * One set alone: its own names; several things: `set.name`; factors as they were called; expressions: their text.
 * Throws `UsageError`, `ExpressionError` EXPRESSION_SET_UNKNOWN, `FactorError` FACTOR_UNKNOWN.
 */
export async function chosenFactors(context: CommandContext, options: ListOptions): Promise<ChosenFactors> {
  const setNames = commaSeparated(options.set);
  const factorNames = commaSeparated(options.factor);
  const expressions = [...(options.expr ?? [])];
  if (options.exprFile !== undefined) expressions.push(...(await expressionLines(options.exprFile)));
  if (setNames.length + factorNames.length + expressions.length === 0) {
    throw new UsageError(
      "nothing to compute",
      "give --set NAME, --factor NAME, --expr 'E' or --expr-file FILE",
    );
  }
  if (setNames.length + factorNames.length === 0) return { list: listOf([], expressions), problems: [] };
  const known = await knownFactors(context);
  const sets = setNames.map((name) => known.registry.set(name));
  const factors = factorNames.map((name) => ({ name, ...known.registry.factor(name) }));
  const files = new Set(
    [...sets.map((set) => set.name), ...factors.map(({ set }) => set.name)].map((name) =>
      known.files.get(name),
    ),
  );
  const problems = known.problems.filter(({ place }) => place.file !== undefined && files.has(place.file));
  if (sets.every((set) => set.factors.length === 0) && factors.length + expressions.length === 0) {
    throw new UsageError(
      `${setNames.join(", ")} has no factor that can be computed`,
      "correct what the lines above name, in the file of the set",
    );
  }
  const [only] = sets;
  if (sets.length === 1 && factors.length + expressions.length === 0) return { list: only!, problems };
  const called = factors.map(({ name, factor }) => ({ ...factor, name }));
  return { list: listOf([...sets.flatMap(namespaced), ...called], expressions), problems };
}

/** `--set tech base` and `--set tech,base` are the same; a name that is given twice counts once. */
export function commaSeparated(values: readonly string[] = []): string[] {
  return [...new Set(values.flatMap((value) => value.split(",")).filter((name) => name !== ""))];
}

function namespaced(set: FactorSet): FactorList["factors"] {
  return set.factors.map((factor) => ({ ...factor, name: `${set.name}.${factor.name}` }));
}

function listOf(factors: FactorList["factors"], expressions: readonly string[]): FactorList {
  return {
    factors: [
      ...factors,
      ...[...new Set(expressions)].map((expression) => ({ name: expression, expression })),
    ],
  };
}

async function expressionLines(file: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(
      `--expr-file ${file}: ${error instanceof Error ? error.message : String(error)}`,
      "name a readable file with one expression a line",
    );
  }
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

export function reportProblems(terminal: Terminal, problems: readonly FactorProblem[]): void {
  for (const { code, message, remedy, place } of problems) {
    const file = place.file === undefined ? undefined : relative(process.cwd(), place.file);
    const where = [file, place.row, place.column].filter((part) => part !== undefined).join(":");
    terminal.warn(`${code} ${where === "" ? "" : `${where}: `}${message}\n  do: ${remedy}`);
  }
}
