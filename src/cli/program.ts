import { Command, CommanderError } from "commander";
import { storeName } from "#pipelines/workspace";
import type { CommandContext } from "./command.ts";
import type { ImportedSource } from "./import.ts";
import { exitCode } from "./outcome.ts";
import { openTerminal } from "./terminal.ts";
import { version } from "./version.ts";

/** Every command lives in the file of its name, which is loaded when it is called. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import("./demo.ts")).demoCommand(),
  import: async () => (await import("./import.ts")).importCommand({ afterImport: precomputeAfterImport }),
  data: async () => (await import("./data.ts")).dataCommand(),
  factors: async () =>
    (await import("./factors.ts"))
      .factorsCommand()
      .addCommand((await import("./import-factors.ts")).importFactorsCommand()),
  precompute: async () => (await import("./precompute.ts")).precomputeCommand(),
  jobs: async () => (await import("./jobs.ts")).jobsCommand(),
  worker: async () => (await import("./worker.ts")).workerCommand(),
  backup: async () => (await import("./backup.ts")).backupCommand(),
  serve: async () => (await import("./serve.ts")).serveCommand(),
  qlib: async () => (await import("./qlib.ts")).qlibCommand(),
  source: async () => (await import("./source.ts")).sourceCommand(),
  snapshot: async () => (await import("./snapshot.ts")).snapshotCommand(),
  live: async () => (await import("./live.ts")).liveCommand(),
  doctor: async () => (await import("./doctor.ts")).doctorCommand(),
};

/** Where the workspace's settings ask for it: an import brings the factors of its store up to date. */
async function precomputeAfterImport(
  context: CommandContext,
  { source }: ImportedSource,
): Promise<Readonly<Record<string, unknown>>> {
  const { precompute } = await import("./precompute.ts");
  return { precompute: await precompute(context, { store: storeName(source) }) };
}

/** The whole command line, or as much of it as a call of one command needs. */
export async function buildProgram(only?: string): Promise<Command> {
  const program = new Command("alphaloom")
    .description("From daily bars to factors, evaluation and Qlib, with one set of definitions")
    .version(version)
    .showHelpAfterError("(--help lists what there is)");
  const all = only === "--version" ? [] : Object.keys(commands);
  const called = only !== undefined && Object.hasOwn(commands, only) ? [only] : all;
  for (const name of called) program.addCommand(await commands[name]!());
  return program;
}

/** Runs a command line (`argv` as the process has it) and sets the exit code. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const program = await buildProgram(argv[2]);
  leaveExitingToUs(program);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version come this way too, with exit code 0. Commander has printed its message on stderr.
    if (error.exitCode === 0) return;
    process.exitCode = exitCode.usage;
    const message = error.message.replace(/^error: /, "");
    const remedy = "--help lists what there is";
    openTerminal(argv.includes("--json")).result({
      ok: false,
      error: { code: "CLI_USAGE", message, remedy },
    });
  }
}

function leaveExitingToUs(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) leaveExitingToUs(child);
}
