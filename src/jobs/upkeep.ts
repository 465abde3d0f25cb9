/** What some worker has to do now and then, whoever it is: recover, fire schedules, tidy up. */
import { recoverSteps, resendMessages, type Processes } from "./dead-workers.ts";
import { endedShards } from "./perform.ts";
import { isDown } from "./persist.ts";
import { trimLog } from "./job-log.ts";
import type { JobDatabase, JobRow } from "./rows.ts";
import { fireNext } from "./schedules.ts";
import type { StepQueue } from "./step-queue.ts";
import { StepRun } from "./step-run.ts";
import type { JobKinds } from "./submit.ts";
import { addTick, type Tick } from "./ticking.ts";

export interface UpkeepOptions {
  readonly worker: string;
  readonly kinds: JobKinds;
  readonly processes: Processes | undefined;
  readonly leaseMs: number;
  /** For how long this worker has had the database without a break. */
  readonly steadyMs: () => number;
  readonly keepJobs: number;
  readonly keepLines: number;
  readonly report: (error: unknown) => void;
}

export function upkeep(database: JobDatabase, queue: StepQueue, options: UpkeepOptions): Tick[] {
  const every = (ms: number, turn: () => Promise<unknown>): Tick =>
    addTick(
      ms,
      async () => {
        try {
          await turn();
        } catch (error) {
          if (!isDown(error)) throw error;
        }
      },
      options.report,
    );
  return [
    every(1000, async () => {
      while (await fireNext(database, queue, options.kinds)) continue;
    }),
    every(Math.min(2000, options.leaseMs), () => {
      // After an outage nobody has given a sign of life; whoever comes back first must not take the others for dead.
      const isSteady = options.steadyMs() > options.leaseMs;
      const { worker: self, processes, leaseMs } = options;
      return recoverSteps(database, queue, { self, processes, leaseMs: isSteady ? leaseMs : null });
    }),
    every(30_000, () => resendMessages(database, queue)),
    every(60_000, () => tidy(database, options)),
  ];
}

/** Keeps the newest ended jobs, and the newest lines of the log of those that are under way. */
export async function tidy(
  database: JobDatabase,
  options: Pick<UpkeepOptions, "kinds" | "keepJobs" | "keepLines" | "report">,
): Promise<void> {
  const { kinds, keepJobs, keepLines, report } = options;
  const { rows: crowded } = await database.query<{ readonly id: string }>(
    `select id from alphaloom.job where last_seq > $1
       and (finished_at is null or finished_at > clock_timestamp() - interval '10 minutes')`,
    [keepLines],
  );
  for (const { id: job } of crowded) await trimLog(database, job, keepLines);
  const { rows: old } = await database.query<JobRow>(
    `select id, kind, payload, state, plan_state from alphaloom.job where state not in ('queued', 'running')
     order by number desc offset $1`,
    [keepJobs],
  );
  for (const job of old) {
    try {
      await abandon(database, kinds, job);
    } catch (error) {
      // The job stays, to be tried again with the next tidying.
      report(error);
      continue;
    }
    await database.query("delete from alphaloom.job where id = $1 and state not in ('queued', 'running')", [
      job.id,
    ]);
  }
}

/** Lets the kind remove what shards left for a finish that never comes. */
async function abandon(database: JobDatabase, kinds: JobKinds, job: JobRow): Promise<void> {
  const kind = kinds.find(job.kind);
  if (kind?.abandon === undefined) return;
  const shards = await endedShards(database, job.id);
  const results = shards.filter(({ result, isAdopted }) => result !== null && !isAdopted);
  if (results.length === 0) return;
  const run = new StepRun({
    token: "",
    job: job.id,
    kind: job.kind,
    payload: job.payload,
    planState: job.plan_state,
    part: "finish",
    ordinal: 0,
    input: null,
    attempt: 0,
  });
  await kind.abandon(
    results.map(({ result }) => result),
    run.context(),
  );
}
