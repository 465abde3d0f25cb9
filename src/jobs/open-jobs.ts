/** The port `Jobs` on the state database. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Queryable } from "#database/state-database";
import { cancelJob, resumeJob, retryJob } from "./change-job.ts";
import { type Processes, recoverSteps } from "./dead-workers.ts";
import type { AnyJobKind } from "./job-kind.ts";
import { readLog, readTimings } from "./job-log.ts";
import { isEnded } from "./job-state.ts";
import type { Jobs, JobView, ScheduleOrder, SubmitOptions, WaitOptions, WorkerView } from "./jobs.ts";
import { onNewSteps, sayNewSteps } from "./new-steps.ts";
import { persist } from "./persist.ts";
import type { JobDatabase } from "./rows.ts";
import { listSchedules, removeSchedule, setSchedule } from "./schedules.ts";
import { StepQueue } from "./step-queue.ts";
import { JobKinds, submitJob } from "./submit.ts";
import { listJobs, showJob } from "./views.ts";
import { listWorkers } from "./worker-rows.ts";

export interface OpenJobsOptions {
  readonly processes?: Processes;
  /** Told what goes wrong in the background. */
  readonly report?: (error: unknown) => void;
}

export type OpenedJobs = Jobs & AsyncDisposable & { close(): Promise<void> };

/**
 * Opens the jobs of a state database. The kinds are those that can be submitted; jobs of others can be looked at.
 * Calls that ask or change something throw DATABASE_DOWN when the database cannot be reached; only `wait` waits for it.
 */
export async function openJobs(
  database: JobDatabase,
  kinds: readonly AnyJobKind[],
  options: OpenJobsOptions = {},
): Promise<OpenedJobs> {
  const known = new JobKinds(kinds);
  const report = options.report ?? ((error) => process.emitWarning(String(error)));
  const queue = await StepQueue.open(database, { isWorker: false, report });
  await recoverSteps(database, queue, { processes: options.processes, leaseMs: null });
  const show = (id: string): Promise<JobView> => showJob(database, known, id);
  const change = async (
    id: string,
    how: (transaction: Queryable, queue: StepQueue, id: string) => Promise<void>,
  ): Promise<JobView> => {
    await database.transaction((transaction) => how(transaction, queue, id));
    sayNewSteps();
    return await show(id);
  };
  const close = (): Promise<void> => queue.close();
  return {
    async submit(name: string, payload: unknown, submitOptions: SubmitOptions = {}) {
      const kind = known.known(name);
      const id = await database.transaction((transaction) =>
        submitJob(transaction, queue, { kind, payload, options: submitOptions }),
      );
      sayNewSteps();
      return await show(id);
    },
    list: (filter) => listJobs(database, known, filter),
    show,
    cancel: (id) => change(id, cancelJob),
    resume: (id) => change(id, resumeJob),
    retry: (id) => change(id, retryJob),
    logs: (id, filter) => readLog(database, id, filter),
    timings: (id) => readTimings(database, id),
    wait: (id, waitOptions) => waitFor(() => show(id), { ...waitOptions, database }),
    schedule: (order: ScheduleOrder) => setSchedule(database, queue, { ...order, kinds: known }),
    unschedule: (id) => removeSchedule(database, queue, id),
    schedules: () => listSchedules(database, queue),
    workers: (): Promise<readonly WorkerView[]> => listWorkers(database),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function waitFor(
  show: () => Promise<JobView>,
  options: WaitOptions & { readonly database: JobDatabase },
): Promise<JobView> {
  const { signal, onProgress, pollMs = 200 } = options;
  for (;;) {
    signal?.throwIfAborted();
    const view = await persist(options.database, show, signal);
    onProgress?.(view);
    if (isEnded(view.state)) return view;
    await nextLook(pollMs, signal);
  }
}

/** Waits until a worker of this process has ended a step, or for so long. Throws the signal's reason. */
async function nextLook(pollMs: number, signal?: AbortSignal): Promise<void> {
  const waiting = new AbortController();
  const wake = (): void => waiting.abort();
  const forget = onNewSteps(wake);
  signal?.addEventListener("abort", wake, { once: true });
  try {
    await sleep(pollMs, undefined, { signal: waiting.signal }).catch(() => undefined);
  } finally {
    forget();
    signal?.removeEventListener("abort", wake);
  }
  signal?.throwIfAborted();
}
