/**
 * What becomes of a job when one of its steps has changed: the next step, or the end. The one place that knows the
 * order plan, shards, finish. Called in the transaction of the change, with the job's row locked; calling it once more
 * changes nothing.
 */
import { randomUUID } from "node:crypto";
import type { Queryable } from "#database/state-database";
import type { JobFailure } from "./job-kind.ts";
import type { JobRow, StepPart } from "./rows.ts";
import type { StepQueue } from "./step-queue.ts";

interface PartCounts {
  readonly part: StepPart;
  readonly queued: number;
  readonly running: number;
  readonly completed: number;
  readonly failed: number;
}

const none = { queued: 0, running: 0, completed: 0, failed: 0 };

export async function settle(transaction: Queryable, queue: StepQueue, job: JobRow): Promise<void> {
  const { rows } = await transaction.query<PartCounts>(
    `select part,
       count(*) filter (where state = 'queued')::int as queued,
       count(*) filter (where state = 'running')::int as running,
       count(*) filter (where state = 'completed')::int as completed,
       count(*) filter (where state = 'failed')::int as failed
     from alphaloom.step where job_id = $1 group by part`,
    [job.id],
  );
  const of = (part: StepPart): Omit<PartCounts, "part"> => rows.find((row) => row.part === part) ?? none;
  const [plan, shards, finish] = [of("plan"), of("shard"), of("finish")];
  if (finish.completed > 0) return;
  if (job.cancel_requested_at !== null) {
    if (plan.running + shards.running + finish.running === 0) await end(transaction, job.id, "cancelled");
    return;
  }
  if (plan.failed > 0) return await fail(transaction, job.id, "plan");
  if (plan.completed === 0 || shards.queued + shards.running > 0) return;
  if (finish.failed > 0) return await fail(transaction, job.id, "finish");
  if (finish.queued + finish.running > 0) return;
  if (shards.failed > 0 && shards.completed === 0)
    return await nothingDone(transaction, job.id, shards.failed);
  await addStep(transaction, queue, { job: job.id, part: "finish" });
}

/** Makes the plan or the finish of a job and says that it can be started. */
export async function addStep(
  transaction: Queryable,
  queue: StepQueue,
  step: { readonly job: string; readonly part: "plan" | "finish" },
): Promise<void> {
  const message = randomUUID();
  await transaction.query(
    "insert into alphaloom.step (job_id, part, ordinal, work, message) values ($1, $2, 0, 0, $3)",
    [step.job, step.part, message],
  );
  await queue.send(transaction, [{ ...step, ordinal: 0, message, priority: priorityOf(step.part, 0) }]);
}

/** Plans and finishes go before shards, and shards in the order of their plan, whichever jobs they are of. */
export function priorityOf(part: StepPart, ordinal: number): number {
  return part === "shard" ? -ordinal : 1;
}

export async function end(
  transaction: Queryable,
  job: string,
  state: "completed" | "completed_with_errors" | "failed" | "cancelled",
  error: JobFailure | null = null,
): Promise<void> {
  await transaction.query(
    "update alphaloom.job set state = $2, error = $3, finished_at = clock_timestamp() where id = $1",
    [job, state, error],
  );
}

async function fail(transaction: Queryable, job: string, part: "plan" | "finish"): Promise<void> {
  await end(transaction, job, "failed", await firstError(transaction, job, part));
}

async function nothingDone(transaction: Queryable, job: string, failed: number): Promise<void> {
  const first = await firstError(transaction, job, "shard");
  await end(transaction, job, "failed", {
    code: "JOB_NOTHING_DONE",
    message: `all ${failed} shards failed; the first: ${first?.message ?? "unknown"} (${first?.code ?? "Error"})`,
    remedy: first?.remedy ?? "see the job's log, then retry",
  });
}

async function firstError(transaction: Queryable, job: string, part: StepPart): Promise<JobFailure | null> {
  const { rows } = await transaction.query<{ readonly error: JobFailure | null }>(
    `select error from alphaloom.step where job_id = $1 and part = $2 and state = 'failed'
     order by ordinal limit 1`,
    [job, part],
  );
  return rows[0]?.error ?? null;
}
