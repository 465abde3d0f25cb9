import type { Jobs, JobView } from "#jobs/jobs";
import { jobStateTitles } from "#jobs/job-state";

export const sampleJob: JobView = {
  id: "precompute-1",
  kind: "precompute",
  title: { zh: "离线生成指标/因子", en: "Precompute" },
  name: null,
  state: "running",
  stateTitle: jobStateTitles.running,
  payload: { store: "XSHG/day" },
  createdAt: "2026-11-21T10:00:00.000Z",
  startedAt: "2026-11-21T10:00:01.000Z",
  finishedAt: null,
  isCancelling: false,
  retries: 0,
  retryLimit: 3,
  progress: {
    step: "shards",
    totals: { instruments: { done: 32, of: 300, perSecond: 12.5 } },
    shards: { of: 10, queued: 8, running: 1, completed: 1, failed: 0 },
    failures: 0,
    fraction: 0.1,
    elapsedSeconds: 2.5,
    remainingSeconds: 22,
    workers: 1,
    memoryBytes: 5e8,
    cpuPercent: 180,
  },
  summary: null,
  error: null,
  failedShards: [],
};

/** A coded error as another boundary throws it. */
export class Refusal extends Error {
  readonly code: string;
  readonly remedy = "do otherwise";
  readonly job: string | null;
  readonly place = { file: "a.parquet", row: 3 };

  constructor(code: string, job: string | null = null) {
    super(`refused with ${code}`);
    this.code = code;
    this.job = job;
  }
}

/** Jobs of which there is one, and which write down what they are asked. */
export function fakeJobs(asked: unknown[][]): Jobs {
  const note = <T>(answer: T, ...what: unknown[]): Promise<T> => {
    asked.push(what);
    return Promise.resolve(answer);
  };
  const known = (id: string, ...what: unknown[]): Promise<JobView> =>
    id === sampleJob.id ? note(sampleJob, ...what, id) : Promise.reject(new Refusal("JOB_UNKNOWN"));
  const schedule = {
    id: "nightly",
    kind: "precompute",
    payload: {},
    cron: "0 18 * * 1-5",
    timeZone: "Asia/Shanghai",
    isEnabled: true,
    nextAt: "2026-11-23T10:00:00.000Z",
    lastAt: null,
    lastJob: null,
    lastError: null,
  };
  return {
    submit: (kind, payload, options) => {
      if (kind === "taken") return Promise.reject(new Refusal("JOB_RUNNING", sampleJob.id));
      if (kind === "broken") return Promise.reject(new Error("secret details"));
      return note(sampleJob, "submit", kind, payload, options);
    },
    list: (filter) => note([sampleJob], "list", filter),
    show: (id) => known(id, "show"),
    cancel: (id) => known(id, "cancel"),
    resume: (id) => known(id, "resume"),
    retry: (id) => known(id, "retry"),
    logs: (id, filter) =>
      note(
        [
          {
            seq: 7,
            at: "2026-11-21T10:00:01.000Z",
            level: "info" as const,
            subject: "600519.SH",
            message: "computed",
            data: null,
          },
        ],
        "logs",
        id,
        filter,
      ),
    timings: (id) => note([{ subject: "tech.MA5", milliseconds: 12.5, count: 3 }], "timings", id),
    wait: (id) => known(id, "wait"),
    schedule: (order) => note(schedule, "schedule", order),
    unschedule: (id) => note(undefined, "unschedule", id),
    schedules: () => note([schedule], "schedules"),
    workers: () => note([], "workers"),
  };
}
