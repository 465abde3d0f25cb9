/**
 * Gives back the steps of workers that died, and sends messages again that got lost. A worker is dead when its process
 * is known to be gone, or when it gave no sign of life for the length of the lease.
 */
import { randomUUID } from "node:crypto";
import type { Queryable } from "#database/state-database";
import { stamped, writeLog } from "./job-log.ts";
import { failureOf, type JobDatabase, jsonText, lockJob, type StepPart } from "./rows.ts";
import { settle } from "./settle.ts";
import { JobError } from "./errors.ts";
import { readyStep, requeue, titleOf } from "./step-end.ts";
import type { StepQueue } from "./step-queue.ts";

/** Port: tells processes of this host apart. The holder is any JSON value; an unknown one is never known to be gone. */
export interface Processes {
  self(): unknown;
  isGone(holder: unknown): boolean;
}

/** This process, told apart from all others: PGlite belongs to one process at a time. */
export const processToken = randomUUID();

/** A step whose workers died so often is taken to be what kills them. */
const DEATHS_ALLOWED = 5;

export interface RecoverOptions {
  /** The worker that looks; not dead. */
  readonly self?: string;
  readonly processes?: Processes | undefined;
  /** Takes workers for dead that gave no sign for this long; null: do not judge by that. */
  readonly leaseMs: number | null;
}

/** Returns how many steps were given back. */
export async function recoverSteps(
  database: JobDatabase,
  queue: StepQueue,
  options: RecoverOptions,
): Promise<number> {
  const { rows } = await database.query<{
    readonly id: string;
    readonly process: string;
    readonly holder: unknown;
    readonly silent_ms: number;
  }>(
    `select id, process, holder,
       (extract(epoch from clock_timestamp() - heartbeat_at) * 1000)::double precision as silent_ms
     from alphaloom.worker`,
  );
  let recovered = 0;
  for (const worker of rows) {
    if (worker.id === options.self || !isDead(worker)) continue;
    recovered += await bury(database, queue, worker.id);
  }
  for (const worker of await nameless(database)) recovered += await bury(database, queue, worker);
  return recovered;

  function isDead(worker: (typeof rows)[number]): boolean {
    // Whoever has PGlite open is the only one who has.
    if (database.kind === "pglite") return worker.process !== processToken;
    if (worker.holder !== null && options.processes?.isGone(worker.holder) === true) return true;
    return options.leaseMs !== null && worker.silent_ms > options.leaseMs;
  }
}

/** Workers of running steps that have no row: somebody took them for dead, or they left while a step was ending. */
async function nameless(database: JobDatabase): Promise<string[]> {
  const { rows } = await database.query<{ readonly worker: string }>(
    `select distinct step.worker from alphaloom.step as step
     where step.state = 'running' and step.started_at < clock_timestamp() - interval '15 seconds'
       and not exists (select 1 from alphaloom.worker as worker where worker.id = step.worker)`,
  );
  return rows.map(({ worker }) => worker);
}

async function bury(database: JobDatabase, queue: StepQueue, worker: string): Promise<number> {
  const { rows: jobs } = await database.query<{ readonly job_id: string }>(
    "select distinct job_id from alphaloom.step where worker = $1 and state = 'running' order by job_id",
    [worker],
  );
  let recovered = 0;
  for (const { job_id: job } of jobs) {
    recovered += await database.transaction((transaction) => giveBack(transaction, queue, { job, worker }));
  }
  await database.query("delete from alphaloom.worker where id = $1", [worker]);
  return recovered;
}

async function giveBack(
  transaction: Queryable,
  queue: StepQueue,
  { job: id, worker }: { readonly job: string; readonly worker: string },
): Promise<number> {
  const job = await lockJob(transaction, id);
  if (job === null) return 0;
  const error = failureOf(
    new JobError("JOB_WORKER_DIED", "the worker that ran it died", {
      remedy: "see whether memory ran out; then resume the job",
    }),
  );
  const { rows } = await transaction.query<{
    readonly part: StepPart;
    readonly ordinal: number;
    readonly deaths: number;
  }>(
    `update alphaloom.step set deaths = deaths + 1, claim = null, worker = null, error = $3::text::jsonb,
       state = case when deaths + 1 >= $4 then 'failed' else state end,
       finished_at = case when deaths + 1 >= $4 then clock_timestamp() end
     where job_id = $1 and worker = $2 and state = 'running' returning part, ordinal, deaths`,
    [id, worker, jsonText(error, "the error"), DEATHS_ALLOWED],
  );
  const lines = [];
  for (const step of rows) {
    const isLast = step.deaths >= DEATHS_ALLOWED;
    lines.push(
      stamped(
        {
          level: isLast ? "error" : "warning",
          subject: titleOf(step),
          message: isLast
            ? `its worker died ${step.deaths} times; given up`
            : "its worker died; to be run again",
        },
        Date.now(),
      ),
    );
    if (!isLast) await requeue(transaction, queue, { ...step, job: id }, 0);
  }
  await writeLog(transaction, id, lines);
  await settle(transaction, queue, job);
  return rows.length;
}

/** Sends the messages of steps that have been waiting for a while; those that are still there are not doubled. */
export async function resendMessages(database: JobDatabase, queue: StepQueue): Promise<void> {
  const { rows } = await database.query<{
    readonly job_id: string;
    readonly part: StepPart;
    readonly ordinal: number;
    readonly message: string;
  }>(
    `select step.job_id, step.part, step.ordinal, step.message
     from alphaloom.step join alphaloom.job on job.id = step.job_id
     where step.state = 'queued' and step.queued_at < clock_timestamp() - interval '30 seconds'
       and job.state in ('queued', 'running') and job.cancel_requested_at is null
     order by step.queued_at limit 10000`,
  );
  await queue.send(
    database,
    rows.map(({ job_id: job, part, ordinal, message }) => readyStep({ job, part, ordinal }, message)),
  );
}
