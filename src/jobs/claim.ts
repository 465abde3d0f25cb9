/**
 * Who may bring the result of a step: the worker whose claim stands in the step's row. A claim is taken once per
 * message, and everything a worker later does to the step names it, so that a worker which lost its step to another one
 * changes nothing any more.
 */
import { randomUUID } from "node:crypto";
import type { Queryable } from "#database/state-database";
import { type JobDatabase, type JobRow, lockJob, type StepPart, type StepRow } from "./rows.ts";
import { settle } from "./settle.ts";
import type { StepQueue } from "./step-queue.ts";

/** A step that this worker has to run. */
export interface Claim {
  readonly token: string;
  readonly job: string;
  readonly kind: string;
  readonly payload: unknown;
  readonly planState: unknown;
  readonly part: StepPart;
  readonly ordinal: number;
  readonly input: unknown;
  readonly attempt: number;
}

/** `drained`: no message; `stale`: the message was of a step that nobody waits for any more. */
export type Taken = Claim | "drained" | "stale";

/** Takes the next message and claims its step, in one transaction. */
export async function takeStep(database: JobDatabase, queue: StepQueue, worker: string): Promise<Taken> {
  return await database.transaction(async (transaction) => {
    const name = await queue.take(transaction);
    if (name === null) return "drained";
    const job = await lockJob(transaction, name.job);
    if (job === null) return "stale";
    if (job.cancel_requested_at !== null || (job.state !== "queued" && job.state !== "running"))
      return "stale";
    const token = randomUUID();
    const { rows } = await transaction.query<StepRow>(
      `update alphaloom.step set state = 'running', attempt = attempt + 1, claim = $4, worker = $5,
         started_at = clock_timestamp(), progress = null, fraction = null
       where job_id = $1 and part = $2 and ordinal = $3 and state = 'queued'
       returning job_id, part, ordinal, input, attempt`,
      [name.job, name.part, name.ordinal, token, worker],
    );
    const step = rows[0];
    if (step === undefined) return "stale";
    if (job.state === "queued") {
      await transaction.query(
        `update alphaloom.job set state = 'running', started_at = coalesce(started_at, clock_timestamp()),
           counting_since = clock_timestamp() where id = $1`,
        [job.id],
      );
    }
    return {
      token,
      job: job.id,
      kind: job.kind,
      payload: job.payload,
      planState: job.plan_state,
      part: step.part,
      ordinal: step.ordinal,
      input: step.input,
      attempt: step.attempt,
    };
  });
}

/**
 * Changes a claimed step and settles its job. `change` is called only while the claim stands; false when it does not
 * any more. Repeating it after a lost connection is harmless: `isDone` says whether an earlier try went through.
 */
export async function changeClaimed(
  database: JobDatabase,
  queue: StepQueue,
  claim: Claim,
  change: (transaction: Queryable, job: JobRow) => Promise<void>,
): Promise<boolean> {
  return await database.transaction(async (transaction) => {
    const job = await lockJob(transaction, claim.job);
    if (job === null) return false;
    const { rows } = await transaction.query<{ readonly state: string }>(
      "select state from alphaloom.step where job_id = $1 and part = $2 and ordinal = $3 and claim = $4",
      [claim.job, claim.part, claim.ordinal, claim.token],
    );
    const state = rows[0]?.state;
    if (state === undefined) return false;
    // The claim stays in a row that has ended: an earlier try went through and its answer was lost.
    if (state !== "running") return true;
    await change(transaction, job);
    await settle(transaction, queue, job);
    return true;
  });
}
