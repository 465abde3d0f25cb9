/** Cancelling a job and going on with one that has ended. */
import { randomUUID } from "node:crypto";
import type { Queryable } from "#database/state-database";
import { JobError } from "./errors.ts";
import { isEnded } from "./job-state.ts";
import { type JobRow, lockKnownJob, type StepPart } from "./rows.ts";
import { settle } from "./settle.ts";
import { readyStep } from "./step-end.ts";
import type { StepQueue } from "./step-queue.ts";
import { refuseIfRunning } from "./submit.ts";

/** At once when no step is under way; else the workers see it and stop. Asking twice is harmless. */
export async function cancelJob(transaction: Queryable, queue: StepQueue, id: string): Promise<void> {
  const job = await lockKnownJob(transaction, id);
  if (isEnded(job.state)) throw illegal(job, "cancelled", "only queued and running jobs can be");
  await transaction.query(
    `update alphaloom.job set cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
     where id = $1`,
    [id],
  );
  await settle(transaction, queue, { ...job, cancel_requested_at: new Date() });
}

/** Starts what is unfinished: what failed and what was never run. */
export async function resumeJob(transaction: Queryable, queue: StepQueue, id: string): Promise<void> {
  const job = await lockKnownJob(transaction, id);
  if (!isEnded(job.state) || job.state === "completed") {
    throw illegal(job, "resumed", "only failed, cancelled and partly completed jobs can be");
  }
  await restart(transaction, queue, job, "state in ('queued', 'failed')");
}

/** Starts what failed, and shards of which a part failed. */
export async function retryJob(transaction: Queryable, queue: StepQueue, id: string): Promise<void> {
  const job = await lockKnownJob(transaction, id);
  if (job.state !== "failed" && job.state !== "completed_with_errors") {
    throw illegal(job, "retried", "only failed and partly completed jobs can be");
  }
  if (job.retries >= job.retry_limit) {
    throw new JobError("JOB_RETRY_LIMIT", `job ${id} has been retried ${job.retries} times`, {
      remedy: "find out from its log why it fails, then resume it or submit a new one",
      job: id,
    });
  }
  await restart(transaction, queue, job, "(state in ('queued', 'failed') or failures > 0)");
  await transaction.query("update alphaloom.job set retries = retries + 1 where id = $1", [id]);
}

async function restart(transaction: Queryable, queue: StepQueue, job: JobRow, which: string): Promise<void> {
  await refuseIfRunning(transaction, job.exclusive_key);
  const { rows } = await transaction.query<{ readonly part: StepPart; readonly ordinal: number }>(
    `select part, ordinal from alphaloom.step where job_id = $1 and ${which}`,
    [job.id],
  );
  if (rows.length === 0) {
    throw illegal(job, "gone on with", "nothing of it is unfinished");
  }
  const steps = rows.map(({ part, ordinal }) => readyStep({ job: job.id, part, ordinal }, randomUUID()));
  await transaction.query(
    `update alphaloom.step as step set state = 'queued', message = fresh.message, claim = null, worker = null,
       errors = 0, deaths = 0, queued_at = clock_timestamp(), started_at = null, finished_at = null,
       progress = null, fraction = null
     from jsonb_to_recordset($2::text::jsonb) as fresh (part text, ordinal int, message uuid)
     where step.job_id = $1 and step.part = fresh.part and step.ordinal = fresh.ordinal`,
    [job.id, JSON.stringify(steps)],
  );
  // The finish comes once more, after the shards.
  if (steps.some(({ part }) => part === "shard")) {
    await transaction.query("delete from alphaloom.step where job_id = $1 and part = 'finish'", [job.id]);
  }
  await transaction.query(
    `update alphaloom.job set state = 'queued', finished_at = null, cancel_requested_at = null, error = null,
       counting_since = clock_timestamp() where id = $1`,
    [job.id],
  );
  await queue.send(
    transaction,
    steps.filter(({ part }) => part !== "finish" || steps.length === 1),
  );
}

function illegal(job: JobRow, what: string, which: string): JobError {
  return new JobError("JOB_STATE", `job ${job.id} is ${job.state} and cannot be ${what}`, {
    remedy: which,
    job: job.id,
  });
}
