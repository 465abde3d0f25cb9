import { randomBytes } from "node:crypto";
import { Command } from "commander";
import { startServer } from "#api/server";
import { hostProcesses } from "#data/store/holder";
import { threadsArgument } from "./arguments.ts";
import { runCommand, withSharedOptions, type CommandContext, type SharedOptions } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { writeServerFile } from "./server-file.ts";
import { servedState } from "./served-state.ts";
import { openState } from "./state.ts";
import { applySchedules, watchForChanges } from "./triggers.ts";
import { version } from "./version.ts";
import { workThreads } from "./work-threads.ts";

interface ServeOptions extends SharedOptions {
  readonly port: string;
  readonly threads?: string;
  readonly memory: string;
  readonly work: boolean;
}

/** The server of a workspace: holds its state database, works at its jobs and answers over HTTP. */
export function serveCommand(): Command {
  return withSharedOptions(new Command("serve"))
    .description("serve this workspace over HTTP on this machine and work at its jobs, until it is stopped")
    .option("--port <n>", "port on 127.0.0.1; 0: any that is free", "8321")
    .option("--threads <n>", "threads for jobs; as many as there are cores unless told, at most 8")
    .option("--memory <megabytes>", "resident memory that jobs should not exceed", "2048")
    .option("--no-work", "leave the jobs to `alphaloom worker` processes (with DATABASE_URL)")
    .action((options: ServeOptions) => runCommand(options, (context) => serve(context, options)));
}

async function serve(context: CommandContext, options: ServeOptions): Promise<boolean> {
  const { terminal, workspace, signal } = context;
  const port = numberArgument(options.port, "--port", [0, 65_535]);
  const memoryLimit = numberArgument(options.memory, "--memory", [64, 1e9]) * 2 ** 20;
  const threads = options.threads === undefined ? workThreads() : threadsArgument(options.threads);
  await using state = await openState(context, options.work ? { threads, memoryLimit } : null);
  if (options.work) await state.work();
  const token = randomBytes(32).toString("base64url");
  const report = (error: unknown, request: string): void =>
    terminal.warn(`${request}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  await using server = await startServer(servedState(workspace, state), { port, token, report });
  const holder = hostProcesses.self();
  const startedAt = new Date().toISOString();
  const { address } = server;
  const removeFile = await writeServerFile(workspace, { address, token, version, startedAt, holder });
  try {
    terminal.line(`serving ${workspace} at ${address}; Ctrl+C stops it`);
    terminal.line(
      options.work ? `jobs run here on ${threads} threads` : "jobs are left to `alphaloom worker` processes",
    );
    terminal.result({ ok: true, address, pid: holder.pid, workspace });
    await applySchedules(context, state.jobs);
    await Promise.all([aborted(signal), watchForChanges(context, state.jobs, signal)]);
  } finally {
    // First the file: whoever finds it may count on an answer.
    await removeFile();
  }
  return true;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Throws `UsageError` outside the range, both ends included. */
function numberArgument(text: string, flag: string, [least, most]: readonly [number, number]): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(
    `${flag} ${text} is not a number it can be`,
    `give a whole number from ${least} to ${most}`,
  );
}
