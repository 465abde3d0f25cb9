import type { Jobs, JobView } from "#jobs/jobs";
import type { CommandContext } from "./command.ts";
import { UsageError } from "./outcome.ts";
import { bytes, count, duration } from "./terminal.ts";

/** Waits for a job and shows how far it is: stocks, stock-days, shards, memory and CPU. */
export async function followJob(context: CommandContext, jobs: Jobs, id: string): Promise<JobView> {
  const { terminal, signal } = context;
  const first = await jobs.show(id);
  const progress = terminal.progress(first.title.en, 100, "%");
  const view = await jobs.wait(id, {
    signal,
    onProgress: (now) => progress.update(100 * (now.progress.fraction ?? 0), progressNote(now)),
  });
  progress.end(progressNote(view));
  return view;
}

/** `120 of 300 instruments, 3 of 12 shards, 610 MiB, 190 % CPU`. */
export function progressNote({ progress }: JobView): string {
  const totals = Object.entries(progress.totals).map(
    ([name, { done, of }]) => `${count(done)} of ${count(of)} ${spaced(name)}`,
  );
  const { shards, memoryBytes, cpuPercent } = progress;
  const machine = [
    memoryBytes === null ? null : bytes(memoryBytes),
    cpuPercent === null ? null : `${Math.round(cpuPercent)} % CPU`,
  ];
  const parts = [...totals, `${shards.completed} of ${shards.of} shards`, ...machine];
  return parts.filter((part) => part !== null).join(", ");
}

/** `instrumentDays` as words. */
function spaced(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A job as lines: what it is, how it ended, what failed. */
export function describeJob({ terminal }: CommandContext, view: JobView): void {
  const { id, title, name, state, stateTitle, progress, error } = view;
  terminal.line(`job ${id}: ${title.en} ${title.zh}${name === null ? "" : ` (${name})`}`);
  terminal.line(
    `  ${state} ${stateTitle.zh} · ${duration(progress.elapsedSeconds * 1000)} · ${progressNote(view)}`,
  );
  if (progress.remainingSeconds !== null)
    terminal.line(`  about ${duration(progress.remainingSeconds * 1000)} left`);
  for (const shard of view.failedShards.slice(0, SHOWN))
    terminal.line(`  shard ${shard.ordinal} failed: ${shard.error.code} ${shard.error.message}`);
  if (view.failedShards.length > SHOWN)
    terminal.line(`  … ${view.failedShards.length - SHOWN} more failed shards (--json lists them)`);
  if (error === null) return;
  terminal.warn(`error ${error.code}: ${error.message}`);
  if (error.remedy !== null) terminal.warn(`  do: ${error.remedy}`);
}

const SHOWN = 10;

/** Whether everything worked; throws what a job failed with. */
export function outcomeOf(view: JobView): boolean {
  if (view.state === "completed") return true;
  if (view.state === "completed_with_errors") return false;
  const { code, message, remedy } = view.error ?? {
    code: "JOB_CANCELLED",
    message: `job ${view.id} is ${view.state}`,
    remedy: null,
  };
  throw new JobFailed(code, message, remedy ?? `alphaloom jobs logs ${view.id} tells more`);
}

/** A job did not work out: the command that waited for it fails with the job's own code. */
export class JobFailed extends Error {
  override readonly name = "JobFailed";
  readonly code: string;
  readonly remedy: string;

  constructor(code: string, message: string, remedy: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

/** The id of a job that stands in the way, from JOB_RUNNING. Throws every other error on. */
export function runningJob(error: unknown): string {
  if (error instanceof Error && "code" in error && error.code === "JOB_RUNNING" && "job" in error)
    return String(error.job);
  throw error;
}

/** Throws `UsageError` on something that cannot be an id. */
export function jobArgument(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(text)) return text;
  throw new UsageError(`"${text}" is not a job's id`, "`alphaloom jobs list` shows the ids");
}
