/** How a claimed step ends: with its result, with an error, or given back unfinished. */
import { randomUUID } from "node:crypto";
import type { Queryable } from "#database/state-database";
import { changeClaimed, type Claim } from "./claim.ts";
import type { JobEnd, JobPlan, ShardResult } from "./job-kind.ts";
import { addTimings, stamped, type StampedEntry, writeLog } from "./job-log.ts";
import type { Timing } from "./jobs.ts";
import { failureOf, type JobDatabase, jsonText, type StepPart } from "./rows.ts";
import { end, priorityOf } from "./settle.ts";
import type { ReadyStep, StepQueue } from "./step-queue.ts";

/** What a step said of itself and is kept with its end. */
export interface StepRecord {
  readonly lines: readonly StampedEntry[];
  readonly timings: readonly Timing[];
}

/** Each of these is false when the step was given to another worker meanwhile: nothing has changed then. */
export class StepEnds {
  readonly #database: JobDatabase;
  readonly #queue: StepQueue;

  constructor(database: JobDatabase, queue: StepQueue) {
    this.#database = database;
    this.#queue = queue;
  }

  /** Makes the job's shards. */
  planned(claim: Claim, plan: JobPlan<unknown, unknown>, record: StepRecord): Promise<boolean> {
    const shards = plan.shards.map(({ work, input }, ordinal) => ({
      ordinal,
      work: Number.isFinite(work) && work > 0 ? work : 1,
      input,
      message: randomUUID(),
    }));
    const [totals, state] = [jsonText(plan.totals, "the totals"), jsonText(plan.state, "the plan's state")];
    const inputs = jsonText(shards, "a shard's input");
    return this.#change(claim, record, async (transaction) => {
      await complete(transaction, claim);
      await transaction.query(
        `update alphaloom.job set totals = $2::text::jsonb, plan_state = $3::text::jsonb,
           counting_since = clock_timestamp() where id = $1`,
        [claim.job, totals, state],
      );
      if (shards.length === 0) return;
      await transaction.query(
        `insert into alphaloom.step (job_id, part, ordinal, work, input, message)
         select $1, 'shard', ordinal, work, input, message from jsonb_to_recordset($2::text::jsonb)
           as shard (ordinal int, work double precision, input jsonb, message uuid)`,
        [claim.job, inputs],
      );
      await this.#queue.send(
        transaction,
        shards.map(({ ordinal, message }) => readyStep({ job: claim.job, part: "shard", ordinal }, message)),
      );
    });
  }

  shardDone(claim: Claim, shard: ShardResult<unknown>, record: StepRecord): Promise<boolean> {
    const [result, done] = [jsonText(shard.result, "a shard's result"), jsonText(shard.done, "the counts")];
    return this.#change(claim, record, async (transaction) => {
      await complete(transaction, claim);
      await transaction.query(
        `update alphaloom.step set result = $3::text::jsonb, done = $4::text::jsonb, failures = $5,
           is_adopted = false
         where job_id = $1 and part = 'shard' and ordinal = $2`,
        [claim.job, claim.ordinal, result, done, shard.failures],
      );
    });
  }

  finished(claim: Claim, ended: JobEnd<unknown>, record: StepRecord): Promise<boolean> {
    const summary = jsonText(ended.summary, "the summary");
    return this.#change(claim, record, async (transaction) => {
      await complete(transaction, claim);
      await transaction.query(
        `update alphaloom.step set is_adopted = true
         where job_id = $1 and part = 'shard' and state = 'completed'`,
        [claim.job],
      );
      const { rows } = await transaction.query<{ readonly failed: number }>(
        `update alphaloom.job set summary = $2::text::jsonb where id = $1 returning
           (select count(*)::int from alphaloom.step where job_id = $1 and part = 'shard' and state = 'failed')
           as failed`,
        [claim.job, summary],
      );
      const isWhole = !ended.partial && rows[0]?.failed === 0;
      await end(transaction, claim.job, isWhole ? "completed" : "completed_with_errors");
    });
  }

  /** Tries the step again after a while, or lets it fail when it was the last try. */
  failed(
    claim: Claim,
    error: unknown,
    options: StepRecord & { readonly tries: number; readonly isPermanent: boolean; readonly pauseMs: number },
  ): Promise<boolean> {
    const failure = failureOf(error);
    return this.#change(claim, { lines: options.lines, timings: [] }, async (transaction) => {
      const { rows } = await transaction.query<{ readonly errors: number }>(
        `update alphaloom.step set errors = errors + 1, error = $4::text::jsonb, progress = null, fraction = null
         where job_id = $1 and part = $2 and ordinal = $3 returning errors`,
        [claim.job, claim.part, claim.ordinal, jsonText(failure, "the error")],
      );
      const errors = rows[0]?.errors ?? 1;
      const isLast = options.isPermanent || errors >= options.tries;
      await writeLog(transaction, claim.job, [
        stamped(
          {
            level: isLast ? "error" : "warning",
            subject: titleOf(claim),
            message: `${failure.message} (${failure.code}${isLast ? "" : `, try ${errors} of ${options.tries}`})`,
            data: failure,
          },
          Date.now(),
        ),
      ]);
      if (isLast) {
        await transaction.query(
          `update alphaloom.step set state = 'failed', finished_at = clock_timestamp()
           where job_id = $1 and part = $2 and ordinal = $3`,
          [claim.job, claim.part, claim.ordinal],
        );
        return;
      }
      await requeue(transaction, this.#queue, claim, options.pauseMs * 2 ** (errors - 1));
    });
  }

  /** Gives an unfinished step back, to be run again by whoever comes; a cancelled job's waits for `resume`. */
  released(claim: Claim, record: StepRecord): Promise<boolean> {
    return this.#change(claim, { lines: record.lines, timings: [] }, async (transaction) => {
      await requeue(transaction, this.#queue, claim, 0);
    });
  }

  #change(
    claim: Claim,
    record: StepRecord,
    change: (transaction: Queryable) => Promise<void>,
  ): Promise<boolean> {
    return changeClaimed(this.#database, this.#queue, claim, async (transaction) => {
      await change(transaction);
      await writeLog(transaction, claim.job, record.lines);
      await addTimings(transaction, claim.job, record.timings);
    });
  }
}

async function complete(transaction: Queryable, claim: Claim): Promise<void> {
  await transaction.query(
    `update alphaloom.step set state = 'completed', finished_at = clock_timestamp(), error = null,
       progress = null, fraction = null
     where job_id = $1 and part = $2 and ordinal = $3`,
    [claim.job, claim.part, claim.ordinal],
  );
}

interface StepPlace {
  readonly job: string;
  readonly part: StepPart;
  readonly ordinal: number;
}

/** Makes a step ready again, without its claim, and says so to the queue. */
export async function requeue(
  transaction: Queryable,
  queue: StepQueue,
  step: StepPlace,
  delayMs: number,
): Promise<void> {
  const message = randomUUID();
  await transaction.query(
    `update alphaloom.step set state = 'queued', claim = null, worker = null, message = $4,
       queued_at = clock_timestamp(), progress = null, fraction = null
     where job_id = $1 and part = $2 and ordinal = $3`,
    [step.job, step.part, step.ordinal, message],
  );
  await queue.send(transaction, [{ ...readyStep(step, message), delayMs }]);
}

export function readyStep(step: StepPlace, message: string): ReadyStep {
  const { job, part, ordinal } = step;
  return { job, part, ordinal, message, priority: priorityOf(part, ordinal) };
}

export function titleOf(step: { readonly part: StepPart; readonly ordinal: number }): string {
  return step.part === "shard" ? `shard ${step.ordinal}` : step.part;
}
