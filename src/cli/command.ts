import { resolve } from "node:path";
import type { Command } from "commander";
import { exitCode, reportFailure } from "./outcome.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

/** What a command's action gets besides its own options. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Absolute path of the workspace folder. */
  readonly workspace: string;
  /** Aborted at Ctrl+C or SIGTERM. */
  readonly signal: AbortSignal;
}

export interface SharedOptions {
  readonly json?: boolean;
  readonly workspace?: string;
}

/** Adds the options that every command has. */
export function withSharedOptions(command: Command): Command {
  return command
    .option("--workspace <dir>", "where stores, reference tables and reports live", "workspace")
    .option("--json", "print one JSON value instead of readable lines");
}

/**
 * Runs a command's action and sets the exit code. The action returns true when everything worked, false when it
 * finished but some instruments or factors failed (exit code 3).
 */
export async function runCommand(
  options: SharedOptions,
  action: (context: CommandContext) => Promise<boolean>,
): Promise<void> {
  const terminal = openTerminal(options.json === true);
  const controller = new AbortController();
  let interruptedAt = Number.NEGATIVE_INFINITY;
  const stop = (): void => {
    // A terminal sends Ctrl+C to the launcher too, which passes it on: the two arrive together and are one.
    const now = performance.now();
    if (now - interruptedAt < 300) return;
    if (controller.signal.aborted) process.exit(exitCode.interrupted);
    interruptedAt = now;
    terminal.warn("\nstopping … (Ctrl+C again ends at once; what is stored stays as it was)");
    controller.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    const workspace = resolve(options.workspace ?? "workspace");
    const complete = await action({ terminal, workspace, signal: controller.signal });
    process.exitCode = complete ? exitCode.ok : exitCode.completedWithErrors;
  } catch (error) {
    process.exitCode = reportFailure(terminal, error);
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}
