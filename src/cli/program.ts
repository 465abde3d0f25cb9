import { Command, CommanderError } from "commander";
import { dataCommand } from "./data.ts";
import { demoCommand } from "./demo.ts";
import { doctorCommand } from "./doctor.ts";
import { factorsCommand } from "./factors.ts";
import { importCommand } from "./import.ts";
import { jobsCommand } from "./jobs.ts";
import { exitCode } from "./outcome.ts";
import { precomputeCommand } from "./precompute.ts";
import { qlibCommand } from "./qlib.ts";
import { openTerminal } from "./terminal.ts";
import { workerCommand } from "./worker.ts";
import { version } from "./version.ts";

/** The whole command line. Each command lives in the file of its name. */
export function buildProgram(): Command {
  return new Command("alphaloom")
    .description("From daily bars to factors, evaluation and Qlib, with one set of definitions")
    .version(version)
    .showHelpAfterError("(--help lists what there is)")
    .addCommand(demoCommand())
    .addCommand(importCommand())
    .addCommand(dataCommand())
    .addCommand(factorsCommand())
    .addCommand(precomputeCommand())
    .addCommand(jobsCommand())
    .addCommand(workerCommand())
    .addCommand(qlibCommand())
    .addCommand(doctorCommand());
}

/** Runs a command line (`argv` as the process has it) and sets the exit code. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const program = buildProgram();
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
