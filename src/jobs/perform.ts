/** Runs one claimed step to its end: calls the kind, and stores what came of it as often as the database needs. */
import { JobError } from "./errors.ts";
import type { AnyJobKind, EndedShard, JobFailure } from "./job-kind.ts";
import { persist } from "./persist.ts";
import type { JobDatabase } from "./rows.ts";
import type { StepEnds, StepRecord } from "./step-end.ts";
import type { StepRun } from "./step-run.ts";
import type { JobKinds } from "./submit.ts";

export interface Performing {
  readonly database: JobDatabase;
  readonly kinds: JobKinds;
  readonly ends: StepEnds;
  /** The pause before the second try; it doubles with each. */
  readonly pauseMs: number;
  /** Aborted when nothing more is to be stored: the process is about to end. */
  readonly giveUp: AbortSignal;
  readonly report: (error: unknown) => void;
}

type Ended = (record: StepRecord) => Promise<boolean>;

const TRIES = 3;

export async function perform(run: StepRun, by: Performing): Promise<void> {
  const kind = by.kinds.find(run.claim.kind);
  let result: { readonly value: unknown } | null = null;
  let ended: Ended;
  try {
    if (kind === undefined) throw unknownKind(run.claim.kind);
    const done = await callKind(run, kind, by);
    result = done.result;
    ended = done.ended;
  } catch (error) {
    ended = afterError(run, kind, { error, by });
  }
  run.isEnding = true;
  const isAccepted = await store(run, ended, by);
  if (!isAccepted && result !== null && kind?.reject !== undefined) {
    await kind.reject(result.value, run.context());
  }
}

async function callKind(
  run: StepRun,
  kind: AnyJobKind,
  { database, ends, giveUp }: Performing,
): Promise<{ readonly result: { readonly value: unknown } | null; readonly ended: Ended }> {
  const { claim } = run;
  const context = run.context();
  if (claim.part === "plan") {
    const plan = await kind.plan(claim.payload, { ...context, state: null });
    return { result: null, ended: (record) => ends.planned(claim, plan, record) };
  }
  if (claim.part === "shard") {
    const shard = await kind.run(claim.input, context);
    return { result: { value: shard.result }, ended: (record) => ends.shardDone(claim, shard, record) };
  }
  const shards = await persist(database, () => endedShards(database, claim.job), giveUp);
  const finished = await kind.finish(shards, context);
  return { result: null, ended: (record) => ends.finished(claim, finished, record) };
}

function afterError(
  run: StepRun,
  kind: AnyJobKind | undefined,
  { error, by }: { readonly error: unknown; readonly by: Performing },
): Ended {
  const { claim } = run;
  if (run.stopCode === "JOB_CLAIM_LOST") return () => Promise.resolve(false);
  if (run.stopCode !== null) return (record) => by.ends.released(claim, record);
  const isPermanent = kind === undefined || kind.isPermanent?.(error) === true;
  const tries = kind?.tries ?? TRIES;
  return (record) => by.ends.failed(claim, error, { ...record, tries, isPermanent, pauseMs: by.pauseMs });
}

/** What cannot be stored (no JSON, say) fails the step. */
async function store(run: StepRun, ended: Ended, by: Performing): Promise<boolean> {
  const record = { lines: run.takeLines(), timings: run.timings() };
  try {
    return await persist(by.database, () => ended(record), by.giveUp);
  } catch (error) {
    if (by.giveUp.aborted) throw error;
    by.report(error);
    const options = { ...record, tries: 1, isPermanent: true, pauseMs: 0 };
    return await persist(by.database, () => by.ends.failed(run.claim, error, options), by.giveUp);
  }
}

export async function endedShards(
  database: JobDatabase,
  job: string,
): Promise<EndedShard<unknown, unknown>[]> {
  const { rows } = await database.query<{
    readonly ordinal: number;
    readonly input: unknown;
    readonly state: string;
    readonly result: unknown;
    readonly failures: number;
    readonly error: JobFailure | null;
    readonly is_adopted: boolean;
  }>(
    `select ordinal, input, state, result, failures, error, is_adopted from alphaloom.step
     where job_id = $1 and part = 'shard' and state in ('completed', 'failed') order by ordinal`,
    [job],
  );
  return rows.map(({ ordinal, input, state, result, failures, error, is_adopted: isAdopted }) => ({
    ordinal,
    input,
    result: state === "completed" ? result : null,
    failures,
    error: state === "failed" ? error : null,
    isAdopted,
  }));
}

function unknownKind(kind: string): JobError {
  return new JobError("JOB_KIND_UNKNOWN", `this worker has no kind of job ${JSON.stringify(kind)}`, {
    remedy: "run workers of the version that submitted the job",
  });
}
