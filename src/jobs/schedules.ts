/** Schedules: when which job is queued. The times are pg-boss's business, the rest is kept beside them. */
import type { Queryable } from "#database/state-database";
import type { JobFailure } from "./job-kind.ts";
import { JobError } from "./errors.ts";
import type { ScheduleOrder, ScheduleView } from "./jobs.ts";
import { failureOf, type JobDatabase, jsonText } from "./rows.ts";
import type { Alarm, StepQueue } from "./step-queue.ts";
import { checkedId, type JobKinds, submitJob } from "./submit.ts";

interface ScheduleRow {
  readonly id: string;
  readonly kind: string;
  readonly payload: unknown;
  readonly cron: string;
  readonly time_zone: string;
  readonly is_enabled: boolean;
  readonly last_at: Date | null;
  readonly last_job: string | null;
  readonly last_error: JobFailure | null;
}

export async function setSchedule(
  database: JobDatabase,
  queue: StepQueue,
  order: ScheduleOrder & { readonly kinds: JobKinds },
): Promise<ScheduleView> {
  const id = checkedId(order.id);
  const kind = order.kinds.known(order.kind);
  const payload = kind.check === undefined ? order.payload : kind.check(order.payload);
  queue.nextAlarm(order.cron, order.timeZone);
  const { rows } = await database.query<ScheduleRow & { readonly now: Date }>(
    `insert into alphaloom.schedule (id, kind, payload, cron, time_zone, is_enabled)
     values ($1, $2, $3::text::jsonb, $4, $5, $6)
     on conflict (id) do update set kind = excluded.kind, payload = excluded.payload, cron = excluded.cron,
       time_zone = excluded.time_zone, is_enabled = excluded.is_enabled
     returning *, clock_timestamp() as now`,
    [id, kind.name, jsonText(payload, "the payload"), order.cron, order.timeZone, order.isEnabled ?? true],
  );
  const row = rows[0]!;
  const alarm = { schedule: id, since: row.now.toISOString() };
  await (row.is_enabled ? queue.setAlarm(alarm, row.cron, row.time_zone) : queue.removeAlarm(id));
  return viewOf(queue, row);
}

/** Throws SCHEDULE_UNKNOWN. */
export async function removeSchedule(database: JobDatabase, queue: StepQueue, id: string): Promise<void> {
  await queue.removeAlarm(id);
  const { rows } = await database.query("delete from alphaloom.schedule where id = $1 returning id", [id]);
  if (rows.length > 0) return;
  throw new JobError("SCHEDULE_UNKNOWN", `there is no schedule ${JSON.stringify(id)}`, {
    remedy: "list the schedules to see their ids",
  });
}

export async function listSchedules(database: JobDatabase, queue: StepQueue): Promise<ScheduleView[]> {
  const { rows } = await database.query<ScheduleRow>("select * from alphaloom.schedule order by id");
  return rows.map((row) => viewOf(queue, row));
}

/**
 * Queues the job of a schedule that came due; in the transaction that took the alarm, so once. A job that cannot be
 * queued, because one is running or the payload has become invalid, is noted in the schedule. False when nothing is due.
 */
export async function fireNext(database: JobDatabase, queue: StepQueue, kinds: JobKinds): Promise<boolean> {
  return await database.transaction(async (transaction) => {
    const alarm = await queue.takeAlarm(transaction);
    if (alarm === null) return false;
    await fire(transaction, queue, { ...alarm, kinds });
    return true;
  });
}

export async function fire(
  transaction: Queryable,
  queue: StepQueue,
  { schedule: id, since, kinds }: Alarm & { readonly kinds: JobKinds },
): Promise<void> {
  const { rows } = await transaction.query<ScheduleRow & { readonly now: Date }>(
    "select *, clock_timestamp() as now from alphaloom.schedule where id = $1 and is_enabled for update",
    [id],
  );
  const schedule = rows[0];
  if (schedule === undefined) return;
  // pg-boss rings for the minute that has just passed, too, when a schedule is set within it.
  if (queue.nextAlarm(schedule.cron, schedule.time_zone, new Date(since)) > schedule.now) return;
  let outcome: { readonly job: string | null; readonly error: JobFailure | null };
  try {
    const kind = kinds.known(schedule.kind);
    const job = await submitJob(transaction, queue, {
      kind,
      payload: schedule.payload,
      options: { name: schedule.id },
    });
    outcome = { job, error: null };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    outcome = { job: null, error: failureOf(error) };
  }
  await transaction.query(
    `update alphaloom.schedule set last_at = clock_timestamp(), last_job = $2, last_error = $3::text::jsonb
     where id = $1`,
    [id, outcome.job, outcome.error === null ? null : jsonText(outcome.error, "the error")],
  );
}

/** Whether an error says no to the job, rather than that the database or the program has failed. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || !("remedy" in error) || !("code" in error)) return false;
  return typeof error.code === "string" && !error.code.startsWith("DATABASE_");
}

function viewOf(queue: StepQueue, row: ScheduleRow): ScheduleView {
  return {
    id: row.id,
    kind: row.kind,
    payload: row.payload,
    cron: row.cron,
    timeZone: row.time_zone,
    isEnabled: row.is_enabled,
    nextAt: row.is_enabled ? queue.nextAlarm(row.cron, row.time_zone).toISOString() : null,
    lastAt: row.last_at?.toISOString() ?? null,
    lastJob: row.last_job,
    lastError: row.last_error,
  };
}
