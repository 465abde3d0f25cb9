import type { Command } from "commander";
import { exitCode } from "./outcome.ts";

const SHARED = ["--workspace", "--json", "--help"];

/** docs/reference/cli.md: every command with its arguments and options, as the program itself knows them. */
export function commandReference(program: Command): string {
  const leaves = [...leavesOf(program, [program.name()])];
  const signatures = leaves.map(
    ({ path, command }) => [signatureOf(path, command), command.description()] as const,
  );
  const width = Math.max(...signatures.map(([signature]) => signature.length));
  const blocks = leaves.map(({ path, command }) => sectionOf(path, command));
  return `${[
    "# Command line",
    "",
    "Generated from the program; `UPDATE=1 npx vitest run --project unit test/end-to-end/reference.test.ts` writes it anew.",
    "",
    "```",
    ...signatures.map(([signature, what]) => `${signature.padEnd(width)}  ${what}`),
    "```",
    "",
    "Every command takes `--help`, `--workspace DIR` (`workspace` in the current folder unless told) and `--json`: then",
    "stdout holds exactly one JSON value. Progress, warnings and errors go to stderr.",
    "",
    "| exit code | meaning |",
    "|---|---|",
    `| ${exitCode.ok} | done |`,
    `| ${exitCode.failed} | failed, with a coded error; stores are as they were |`,
    `| ${exitCode.usage} | options or arguments that do not go together or are unknown |`,
    `| ${exitCode.completedWithErrors} | finished, but something failed or was found: an instrument, a factor, a damaged byte |`,
    `| ${exitCode.interrupted} | interrupted by Ctrl+C; stores are as they were |`,
    "",
    ...blocks,
  ]
    .join("\n")
    .trimEnd()}\n`;
}

interface Leaf {
  readonly path: readonly string[];
  readonly command: Command;
}

/** The commands that do something, in the order of the help. */
function* leavesOf(command: Command, path: readonly string[]): Generator<Leaf> {
  if (command.commands.length === 0) yield { path, command };
  for (const child of command.commands) yield* leavesOf(child, [...path, child.name()]);
}

function signatureOf(path: readonly string[], command: Command): string {
  const given = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
  );
  const needed = command.options.filter((option) => option.mandatory).map((option) => option.flags);
  return [...path, ...given, ...needed].join(" ");
}

function sectionOf(path: readonly string[], command: Command): string {
  const options = command.options.filter((option) => !SHARED.includes(option.long ?? ""));
  const rows = [
    ...command.registeredArguments.map(
      (argument) => [`<${argument.name()}>`, argument.description, ""] as const,
    ),
    ...options.map((option) => [option.flags, option.description, defaultOf(option.defaultValue)] as const),
  ];
  const table = [
    "| argument or option | what | unless told |",
    "|---|---|---|",
    ...rows.map(([name, what, value]) => `| \`${name}\` | ${what.replaceAll("|", "\\|")} | ${value} |`),
    "",
  ];
  return [
    `## ${path.join(" ")}`,
    "",
    `${command.description()}.`,
    "",
    ...(rows.length === 0 ? [] : table),
  ].join("\n");
}

const defaultOf = (value: unknown): string => (typeof value === "string" ? `\`${value}\`` : "");
