/**
 * How far jobs are. Totals are summed over finished shards and what running ones last said; rates are those since the
 * job was started or resumed, so that a resumed job does not seem to fly.
 */
import type { Counts } from "./job-kind.ts";
import { isEnded, type JobState } from "./job-state.ts";
import type { JobProgress } from "./jobs.ts";
import type { JobDatabase, StepPart } from "./rows.ts";

interface StepCounts {
  readonly job_id: string;
  readonly part: StepPart;
  readonly queued: number;
  readonly running: number;
  readonly completed: number;
  readonly failed: number;
  readonly failures: number;
  readonly work: number;
  /** Of finished shards, and of running ones as far as they are. */
  readonly work_done: number;
  /** As `work_done`, since the job was last started. */
  readonly work_lately: number;
}

interface DoneRow {
  readonly job_id: string;
  readonly name: string;
  readonly done: number;
  readonly lately: number;
}

interface LoadRow {
  readonly job_id: string;
  readonly workers: number;
  readonly memory_bytes: number;
  readonly cpu_percent: number;
}

export interface ProgressRows {
  readonly steps: readonly StepCounts[];
  readonly done: readonly DoneRow[];
  readonly load: readonly LoadRow[];
}

/** What an ended or running step has done; a retried shard that waits or failed again counts nothing. */
const stepDone = `case step.state when 'completed' then step.done when 'running' then step.progress end`;
const isLate = `(step.state = 'running' or step.finished_at >= job.counting_since)`;

export async function readProgress(database: JobDatabase, ids: readonly string[]): Promise<ProgressRows> {
  const steps = await database.query<StepCounts>(
    `select job_id, part, queued, running, completed, failed, failures, work, work_done, work_lately from (
       select step.job_id, step.part,
         count(*) filter (where step.state = 'queued')::int as queued,
         count(*) filter (where step.state = 'running')::int as running,
         count(*) filter (where step.state = 'completed')::int as completed,
         count(*) filter (where step.state = 'failed')::int as failed,
         coalesce(sum(step.failures) filter (where step.state = 'completed'), 0)::int as failures,
         sum(step.work) as work,
         coalesce(sum(step.work * case step.state when 'completed' then 1 when 'failed' then 1
           when 'running' then coalesce(step.fraction, 0) else 0 end), 0) as work_done,
         coalesce(sum(step.work * case step.state when 'completed' then 1 when 'failed' then 1
           when 'running' then coalesce(step.fraction, 0) else 0 end) filter (where ${isLate}), 0) as work_lately
       from alphaloom.step as step join alphaloom.job as job on job.id = step.job_id
       where step.job_id = any($1) group by step.job_id, step.part) as counted`,
    [ids],
  );
  const done = await database.query<DoneRow>(
    `select step.job_id, count.key as name, sum(count.value::double precision) as done,
       coalesce(sum(count.value::double precision) filter (where ${isLate}), 0) as lately
     from alphaloom.step as step join alphaloom.job as job on job.id = step.job_id
       cross join lateral jsonb_each_text(${stepDone}) as count
     where step.job_id = any($1) and step.part = 'shard' group by step.job_id, count.key`,
    [ids],
  );
  const load = await database.query<LoadRow>(
    `select job_id, count(*)::int as workers, sum(memory_bytes) as memory_bytes, sum(cpu_percent) as cpu_percent
     from (select distinct step.job_id, worker.id, worker.memory_bytes, worker.cpu_percent
       from alphaloom.step as step join alphaloom.worker as worker on worker.id = step.worker
       where step.job_id = any($1) and step.state = 'running') as busy
     group by job_id`,
    [ids],
  );
  return { steps: steps.rows, done: done.rows, load: load.rows };
}

export function progressOf(
  job: {
    readonly id: string;
    readonly state: JobState;
    readonly totals: Counts | null;
    readonly elapsed_seconds: number;
  },
  rows: ProgressRows,
): JobProgress {
  const of = (part: StepPart): StepCounts | undefined =>
    rows.steps.find((row) => row.job_id === job.id && row.part === part);
  const shards = of("shard");
  const load = rows.load.find((row) => row.job_id === job.id);
  const elapsed = job.elapsed_seconds;
  const step = isEnded(job.state) ? null : stepOf(job, shards);
  const totals = Object.entries(job.totals ?? {}).map(([name, total]) => {
    const row = rows.done.find((count) => count.job_id === job.id && count.name === name);
    const perSecond = elapsed > 0 && (row?.lately ?? 0) > 0 ? row!.lately / elapsed : null;
    return [name, { done: row?.done ?? 0, of: total, perSecond }] as const;
  });
  return {
    step,
    totals: Object.fromEntries(totals),
    shards: {
      of: (shards?.queued ?? 0) + (shards?.running ?? 0) + (shards?.completed ?? 0) + (shards?.failed ?? 0),
      queued: shards?.queued ?? 0,
      running: shards?.running ?? 0,
      completed: shards?.completed ?? 0,
      failed: shards?.failed ?? 0,
    },
    failures: shards?.failures ?? 0,
    fraction: fractionOf(job, shards),
    elapsedSeconds: elapsed,
    remainingSeconds: step === "shards" ? remainingOf(shards, elapsed) : null,
    workers: load?.workers ?? 0,
    memoryBytes: load?.memory_bytes ?? null,
    cpuPercent: load?.cpu_percent ?? null,
  };
}

function stepOf(
  job: { readonly totals: Counts | null },
  shards: StepCounts | undefined,
): "plan" | "shards" | "finish" {
  if (job.totals === null) return "plan";
  return (shards?.queued ?? 0) + (shards?.running ?? 0) > 0 ? "shards" : "finish";
}

function fractionOf(
  job: { readonly state: JobState; readonly totals: Counts | null },
  shards: StepCounts | undefined,
): number | null {
  if (job.totals === null) return null;
  if (job.state === "completed" || shards === undefined || shards.work === 0) return 1;
  return Math.min(1, shards.work_done / shards.work);
}

function remainingOf(shards: StepCounts | undefined, elapsed: number): number | null {
  if (shards === undefined || shards.work_lately <= 0 || elapsed <= 0) return null;
  return Math.max(0, shards.work - shards.work_done) / (shards.work_lately / elapsed);
}
