/** Jobs as they are shown: the row, and how far its steps are. */
import type { JobFailure } from "./job-kind.ts";
import { isEnded, type JobState, jobStateTitles } from "./job-state.ts";
import type { JobFilter, JobView } from "./jobs.ts";
import { progressOf, type ProgressRows, readProgress } from "./progress.ts";
import { type JobDatabase, unknownJob } from "./rows.ts";
import type { JobKinds } from "./submit.ts";

interface ViewRow {
  readonly id: string;
  readonly kind: string;
  readonly name: string | null;
  readonly state: JobState;
  readonly payload: unknown;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly cancel_requested_at: Date | null;
  readonly retries: number;
  readonly retry_limit: number;
  readonly totals: Readonly<Record<string, number>> | null;
  readonly summary: unknown;
  readonly error: JobFailure | null;
  readonly elapsed_seconds: number;
}

const columns = `id, kind, name, state, payload, created_at, started_at, finished_at, cancel_requested_at, retries,
  retry_limit, totals, summary, error,
  coalesce(extract(epoch from coalesce(finished_at, clock_timestamp()) - counting_since), 0)::double precision
    as elapsed_seconds`;

/** Throws JOB_UNKNOWN. */
export async function showJob(database: JobDatabase, kinds: JobKinds, id: string): Promise<JobView> {
  const { rows } = await database.query<ViewRow>(`select ${columns} from alphaloom.job where id = $1`, [id]);
  const [view] = await viewsOf(database, kinds, rows);
  if (view === undefined) throw unknownJob(id);
  return view;
}

/** Newest first. Throws JOB_UNKNOWN when `before` is no job. */
export async function listJobs(
  database: JobDatabase,
  kinds: JobKinds,
  filter: JobFilter = {},
): Promise<JobView[]> {
  let before: number | null = null;
  if (filter.before !== undefined) {
    const found = await database.query<{ readonly number: number }>(
      "select number from alphaloom.job where id = $1",
      [filter.before],
    );
    before = found.rows[0]?.number ?? null;
    if (before === null) throw unknownJob(filter.before);
  }
  const { rows } = await database.query<ViewRow>(
    `select ${columns} from alphaloom.job
     where ($1::text is null or state = $1) and ($2::text is null or kind = $2) and ($3::int is null or number < $3)
     order by number desc limit $4`,
    [filter.state ?? null, filter.kind ?? null, before, filter.limit ?? 50],
  );
  return await viewsOf(database, kinds, rows);
}

async function viewsOf(database: JobDatabase, kinds: JobKinds, rows: readonly ViewRow[]): Promise<JobView[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const [progress, failed] = [await readProgress(database, ids), await readFailedShards(database, ids)];
  return rows.map((row) => viewOf(row, kinds, progress, failed.get(row.id) ?? []));
}

function viewOf(
  row: ViewRow,
  kinds: JobKinds,
  progress: ProgressRows,
  failedShards: JobView["failedShards"],
): JobView {
  return {
    id: row.id,
    kind: row.kind,
    title: kinds.find(row.kind)?.title ?? { zh: row.kind, en: row.kind },
    name: row.name,
    state: row.state,
    stateTitle: jobStateTitles[row.state],
    payload: row.payload,
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    finishedAt: row.finished_at?.toISOString() ?? null,
    isCancelling: row.cancel_requested_at !== null && !isEnded(row.state),
    retries: row.retries,
    retryLimit: row.retry_limit,
    progress: progressOf(row, progress),
    summary: row.summary,
    error: row.error,
    failedShards,
  };
}

type FailedShards = JobView["failedShards"];

async function readFailedShards(
  database: JobDatabase,
  ids: readonly string[],
): Promise<Map<string, FailedShards>> {
  const { rows } = await database.query<{
    readonly job_id: string;
    readonly ordinal: number;
    readonly error: JobFailure;
  }>(
    `select job_id, ordinal, error from (
       select job_id, ordinal, error, row_number() over (partition by job_id order by ordinal) as place
       from alphaloom.step where job_id = any($1) and part = 'shard' and state = 'failed') as failed
     where place <= 100 order by job_id, ordinal`,
    [ids],
  );
  const shards = new Map<string, { readonly ordinal: number; readonly error: JobFailure }[]>();
  for (const { job_id: job, ordinal, error } of rows) {
    const known = shards.get(job);
    if (known === undefined) shards.set(job, [{ ordinal, error }]);
    else known.push({ ordinal, error });
  }
  return shards;
}
