import { setTimeout as sleep } from "node:timers/promises";
import { isEnded } from "#jobs/job-state";
import type {
  JobFilter,
  Jobs,
  JobView,
  LogFilter,
  ScheduleOrder,
  SubmitOptions,
  WaitOptions,
} from "#jobs/jobs";
import { operations } from "../contract/index.ts";
import { ask, type ServerAddress } from "./ask.ts";

/** The port `Jobs` through a running server. Errors keep their codes; API_UNREACHABLE when the server is gone. */
export function httpJobs(server: ServerAddress): Jobs {
  const show = (id: string): Promise<JobView> => ask(server, operations.showJob, { params: { id } });
  return {
    submit: (kind: string, payload: unknown, options: SubmitOptions = {}) =>
      ask(server, operations.submitJob, { body: { kind, payload, ...options } }),
    list: async (filter: JobFilter = {}) => (await ask(server, operations.listJobs, { query: filter })).jobs,
    show,
    cancel: (id) => ask(server, operations.cancelJob, { params: { id } }),
    resume: (id) => ask(server, operations.resumeJob, { params: { id } }),
    retry: (id) => ask(server, operations.retryJob, { params: { id } }),
    logs: async (id, filter: LogFilter = {}) =>
      (await ask(server, operations.jobLogs, { params: { id }, query: filter })).lines,
    timings: async (id) => (await ask(server, operations.jobTimings, { params: { id } })).timings,
    wait: (id, options) => waitFor(() => show(id), options),
    schedule: (order: ScheduleOrder) => ask(server, operations.setSchedule, { body: { ...order } }),
    unschedule: async (id) => {
      await ask(server, operations.removeSchedule, { params: { id } });
    },
    schedules: async () => (await ask(server, operations.listSchedules)).schedules,
    workers: async () => (await ask(server, operations.listWorkers)).workers,
  };
}

async function waitFor(show: () => Promise<JobView>, options: WaitOptions = {}): Promise<JobView> {
  const { signal, onProgress, pollMs = 200 } = options;
  for (;;) {
    signal?.throwIfAborted();
    const view = await show();
    onProgress?.(view);
    if (isEnded(view.state)) return view;
    await sleep(pollMs, undefined, signal === undefined ? {} : { signal }).catch(() =>
      signal?.throwIfAborted(),
    );
  }
}
