import { Command } from "commander";
import { threadsArgument } from "./arguments.ts";
import { runCommand, withSharedOptions, type SharedOptions } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { workThreads } from "./work-threads.ts";

interface WorkerOptions extends SharedOptions {
  readonly threads?: string;
  readonly memory: string;
}

/** One more process for the same PostgreSQL server and the same store, on this machine or another. */
export function workerCommand(): Command {
  return withSharedOptions(new Command("worker"))
    .description(
      "work at jobs until it is stopped; any number of them share one PostgreSQL server and one store",
    )
    .option("--threads <n>", "threads; as many as there are cores unless told, at most 8")
    .option("--memory <megabytes>", "resident memory that should not be exceeded", "2048")
    .action((options: WorkerOptions) =>
      runCommand(options, async (context) => {
        const { terminal, signal } = context;
        const threads = options.threads === undefined ? workThreads() : threadsArgument(options.threads);
        // A server's database is not opened twice: DATABASE_LOCKED names its process.
        const { openState } = await import("./state.ts");
        const memoryLimit = Number(options.memory) * 2 ** 20;
        await using state = await openState(context, { threads, memoryLimit });
        if (!state.isShared) {
          throw new UsageError(
            "the workspace's own database belongs to one process at a time",
            "set DATABASE_URL to a PostgreSQL server for workers beside it, or let `alphaloom serve` do the work",
          );
        }
        const worker = await state.work();
        terminal.line(
          `worker ${worker.id} takes steps on ${threads} threads; Ctrl+C lets it finish and ends it`,
        );
        await new Promise<void>((resolve) => {
          if (signal.aborted) resolve();
          else signal.addEventListener("abort", () => resolve(), { once: true });
        });
        await worker.stop();
        terminal.result({ ok: true, worker: worker.id });
        return true;
      }),
    );
}
