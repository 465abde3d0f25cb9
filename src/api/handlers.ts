/** What each operation of the contract does. */
import type { Jobs, JobView } from "#jobs/jobs";
import type { AnswerOf, AskedWith } from "./contract/operation.ts";
import type { OperationName, Operations } from "./contract/index.ts";
import type { PrecomputeRequest } from "./contract/precompute.ts";

/** Port: what the server serves. */
export interface Served {
  readonly version: string;
  readonly jobs: Jobs;
  /** Queues a precompute run. Throws as `Jobs.submit` does, and what an order that cannot be carried out throws. */
  readonly startPrecompute: (order: Omit<PrecomputeRequest, "task_name">, name?: string) => Promise<JobView>;
  /** Throws when something that is needed cannot be reached. */
  readonly ready: () => Promise<void>;
}

export type Handlers = {
  readonly [Name in OperationName]: (
    asked: AskedWith<Operations[Name]>,
  ) => Promise<AnswerOf<Operations[Name]>> | AnswerOf<Operations[Name]>;
};

type View = AnswerOf<Operations["showJob"]>;

export function handlersOf({ version, jobs, startPrecompute, ready }: Served): Handlers {
  return {
    health: () => ({ status: "ok", version }),
    ready: async () => {
      await ready();
      return { status: "ready" };
    },
    submitJob: async ({ body: { kind, payload, ...options } }) =>
      plain(await jobs.submit(kind, payload, given(options))),
    listJobs: async ({ query }) => ({ jobs: (await jobs.list(given(query))).map(plain) }),
    showJob: async ({ params }) => plain(await jobs.show(params.id)),
    cancelJob: async ({ params }) => plain(await jobs.cancel(params.id)),
    resumeJob: async ({ params }) => plain(await jobs.resume(params.id)),
    retryJob: async ({ params }) => plain(await jobs.retry(params.id)),
    jobLogs: async ({ params, query }) => ({ lines: [...(await jobs.logs(params.id, given(query)))] }),
    jobTimings: async ({ params }) => ({ timings: [...(await jobs.timings(params.id))] }),
    listWorkers: async () => ({ workers: [...(await jobs.workers())] }),
    listSchedules: async () => ({ schedules: [...(await jobs.schedules())] }),
    setSchedule: async ({ body }) => await jobs.schedule({ ...given(body), payload: body.payload }),
    removeSchedule: async ({ params }) => {
      await jobs.unschedule(params.id);
      return {};
    },
    startPrecompute: async ({ body }) => {
      const { task_name: name, ...order } = body ?? {};
      return taskOf(await startPrecompute(order, name));
    },
    precomputeStatus: async ({ params }) => taskOf(await jobs.show(params.id)),
  };
}

const taskOf = (view: JobView): { task_id: string; job: View } => ({ task_id: view.id, job: plain(view) });

/** The contract's type of a view; its lists are not read-only. */
const plain = (view: JobView): View => ({ ...view, failedShards: [...view.failedShards] });

type Given<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** The same without what is undefined: options that are not given are absent. */
function given<T extends object>(options: T): Given<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>;
}
